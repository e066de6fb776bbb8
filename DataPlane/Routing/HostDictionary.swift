/// Hosts by name in two levels, immutable: a change of one host copies its group, not the dictionary.
struct HostDictionary {
    static let groupCount = 256

    /// Open addressing with linear probing, at most half full.
    private final class Group {
        private let hosts: [VirtualHostRoutes?]
        private let hashes: [UInt64]

        init(_ members: [VirtualHostRoutes]) {
            var capacity = 2
            while capacity < 2 * members.count { capacity *= 2 }
            var hosts: [VirtualHostRoutes?] = Array(repeating: nil, count: capacity)
            var hashes: [UInt64] = Array(repeating: 0, count: capacity)
            for member in members {
                var slot = Int(truncatingIfNeeded: member.hash) & (capacity - 1)
                while hosts[slot] != nil { slot = (slot + 1) & (capacity - 1) }
                hosts[slot] = member
                hashes[slot] = member.hash
            }
            self.hosts = hosts
            self.hashes = hashes
        }

        var members: [VirtualHostRoutes] { hosts.compactMap { $0 } }

        func find(_ name: RawSpan, from start: Int, hash: UInt64) -> VirtualHostRoutes? {
            let mask = hosts.count &- 1
            var slot = Int(truncatingIfNeeded: hash) & mask
            while true {
                guard let host = hosts[slot] else { return nil }
                if hashes[slot] == hash {
                    let key = host.key
                    let isSame =
                        name.byteCount &- start == key.count
                        && key.span.bytes.commonPrefixCount(with: name, at: start, limit: key.count) == key.count
                    if isSame { return host }
                }
                slot = (slot &+ 1) & mask
            }
        }
    }

    private var groups: [Group?] = Array(repeating: nil, count: groupCount)
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// All hosts, in no useful order.
    var all: [VirtualHostRoutes] { groups.flatMap { $0?.members ?? [] } }

    private static func group(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 56) }

    /// The host whose key equals the bytes of `name` from `start` on.
    @inline(__always)
    func find(_ name: RawSpan, from start: Int) -> VirtualHostRoutes? {
        let hash = name.fastHash(from: start)
        return groups[Self.group(of: hash)]?.find(name, from: start, hash: hash)
    }

    func find(_ key: [UInt8]) -> VirtualHostRoutes? { find(key.span.bytes, from: 0) }

    /// Applies changes, by key; nil removes.
    mutating func apply(_ changes: [[UInt8]: VirtualHostRoutes?]) {
        var byGroup: [Int: [[UInt8]: VirtualHostRoutes?]] = [:]
        for (key, host) in changes {
            byGroup[Self.group(of: key.span.bytes.fastHash(from: 0)), default: [:]][key] = .some(host)
        }
        for (index, changes) in byGroup {
            let old = groups[index]?.members ?? []
            let kept = old.filter { changes[$0.key] == nil }
            let added = changes.values.compactMap { $0 }
            let members = kept + added
            groups[index] = members.isEmpty ? nil : Group(members)
            count += members.count - old.count
        }
    }
}
