/// Hosts by name in two levels, immutable: a change of one host copies its group, not the dictionary.
struct HostDictionary {
    private static let groupCount = 256

    /// Open addressing with linear probing, at most half full.
    private final class Group {
        let members: [VirtualHostRoutes]
        let slots: FrozenBuffer<Slot>

        init(_ members: [VirtualHostRoutes]) {
            var capacity = 2
            while capacity < 2 * members.count { capacity *= 2 }
            var slots = Array(repeating: Slot(hash: 0, host: nil), count: capacity)
            for member in members {
                var index = Int(truncatingIfNeeded: member.hash) & (capacity - 1)
                while slots[index].host != nil { index = (index + 1) & (capacity - 1) }
                slots[index] = Slot(hash: member.hash, host: Unmanaged.passUnretained(member))
            }
            self.members = members
            self.slots = FrozenBuffer(slots)
        }

        deinit { slots.deallocate() }
    }

    private struct Slot: BitwiseCopyable {
        var hash: UInt64
        var host: Unmanaged<VirtualHostRoutes>?
    }

    /// The groups and, to be read without counting references, their slots.
    private final class Groups {
        let groups: [Group?]
        let slots: FrozenBuffer<FrozenBuffer<Slot>>
        private let empty: FrozenBuffer<Slot>

        init(_ groups: [Group?]) {
            let empty = FrozenBuffer([Slot(hash: 0, host: nil)])
            self.groups = groups
            self.empty = empty
            slots = FrozenBuffer(groups.map { $0?.slots ?? empty })
        }

        deinit {
            slots.deallocate()
            empty.deallocate()
        }
    }

    private var groups = Groups(Array(repeating: nil, count: groupCount))
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// All hosts, in no useful order.
    var all: [VirtualHostRoutes] { groups.groups.flatMap { $0?.members ?? [] } }

    private static func group(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 56) }

    /// The host whose key equals the bytes of `name` from `start` on; alive as long as the dictionary.
    @inline(__always)
    func find(_ name: RawSpan, from start: Int) -> Unmanaged<VirtualHostRoutes>? {
        let hash = name.fastHash(from: start)
        let slots = groups.slots[Self.group(of: hash)]
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[index]
            guard let host = slot.host else { return nil }
            if slot.hash == hash {
                let key = host._withUnsafeGuaranteedRef { $0.key }
                let keyBytes = key.bytes
                let isSame =
                    name.byteCount &- start == key.count
                    && keyBytes.bytes.commonPrefixCount(with: name, at: start, limit: key.count) == key.count
                if isSame { return host }
            }
            index = (index &+ 1) & mask
        }
    }

    /// Applies changes, by key; nil removes.
    mutating func apply(_ changes: [[UInt8]: VirtualHostRoutes?]) {
        guard !changes.isEmpty else { return }
        var byGroup: [Int: [[UInt8]: VirtualHostRoutes?]] = [:]
        for (key, host) in changes {
            byGroup[Self.group(of: key.span.bytes.fastHash(from: 0)), default: [:]][key] = .some(host)
        }
        var all = groups.groups
        for (index, changes) in byGroup {
            let old = all[index]?.members ?? []
            let kept = old.filter { changes[VirtualHostRoutes.key(of: $0.host)] == nil }
            let members = kept + changes.values.compactMap { $0 }
            all[index] = members.isEmpty ? nil : Group(members)
            count += members.count - old.count
        }
        groups = Groups(all)
    }
}
