import ClusterState
import PorticoModel

/// Which upstreams are in use, by whom, and under which names.
///
/// An upstream has its plain name unless another one in use claims the same; then the first in order keeps it.
struct UpstreamTable {
    /// Who uses an upstream.
    enum User: Hashable {
        case host(String)
        case defaultBackend
        case stream(StreamService.Port)
    }

    private var users: [UpstreamKey: CompactSet<User>] = [:]
    private var claims: [String: CompactSet<UpstreamKey>] = [:]
    private var keysOfService: [ObjectName: CompactSet<UpstreamKey>] = [:]

    /// Upstreams that are new, gone or named anew since the last `takeDirty`.
    private var dirty: Set<UpstreamKey> = []

    var keys: Dictionary<UpstreamKey, CompactSet<User>>.Keys { users.keys }

    func isUsed(_ key: UpstreamKey) -> Bool { users[key] != nil }

    func users(of key: UpstreamKey) -> CompactSet<User> { users[key] ?? .empty }

    func keys(of service: ObjectName) -> CompactSet<UpstreamKey> { keysOfService[service] ?? .empty }

    func name(of key: UpstreamKey) -> String {
        let plain = key.plainName
        guard let claimants = claims[plain], claimants.count > 1 else { return plain }
        return claimants.min() == key ? plain : key.distinctName
    }

    mutating func takeDirty() -> Set<UpstreamKey> {
        defer { dirty = [] }
        return dirty
    }

    /// Replaces what a user uses.
    mutating func move(_ user: User, from old: Set<UpstreamKey>, to new: Set<UpstreamKey>) {
        for key in new where !old.contains(key) {
            if users[key] == nil { appear(key) }
            users[key, default: .empty].insert(user)
        }
        for key in old where !new.contains(key) {
            users[key]?.remove(user)
            if users[key]?.isEmpty == true { disappear(key) }
        }
    }

    private mutating func appear(_ key: UpstreamKey) {
        keysOfService[key.service, default: .empty].insert(key)
        claims[key.plainName, default: .empty].insert(key)
        dirty.formUnion(claims[key.plainName] ?? .empty)
    }

    private mutating func disappear(_ key: UpstreamKey) {
        dirty.formUnion(claims[key.plainName] ?? .empty)
        users[key] = nil
        keysOfService[key.service]?.remove(key)
        if keysOfService[key.service]?.isEmpty == true { keysOfService[key.service] = nil }
        claims[key.plainName]?.remove(key)
        if claims[key.plainName]?.isEmpty == true { claims[key.plainName] = nil }
    }
}
