import PorticoModel

/// Which live objects are wanted, and by whom.
struct LiveObjectTable {
    enum User: Hashable {
        case host(String)
        case settings
        /// A configuration that was brought back.
        case pinned
    }

    private var wanted: [User: Set<LiveObjectName>] = [:]
    private var users: [LiveObjectName: Set<User>] = [:]
    private var dirty: Set<LiveObjectName> = []

    func isWanted(_ name: LiveObjectName) -> Bool { users[name] != nil }

    /// Replaces what a user wants.
    mutating func set(_ names: Set<LiveObjectName>, for user: User) {
        let old = wanted[user] ?? []
        guard old != names else { return }
        wanted[user] = names.isEmpty ? nil : names
        for name in old.subtracting(names) {
            users[name]?.remove(user)
            if users[name]?.isEmpty == true { users[name] = nil }
            dirty.insert(name)
        }
        for name in names.subtracting(old) {
            users[name, default: []].insert(user)
            dirty.insert(name)
        }
    }

    /// What stands behind a name may be another now.
    mutating func touch(_ name: LiveObjectName) { if users[name] != nil { dirty.insert(name) } }

    mutating func takeDirty() -> [LiveObjectName] {
        defer { dirty = [] }
        return dirty.sorted()
    }
}
