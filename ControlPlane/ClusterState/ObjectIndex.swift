import PorticoModel

/// From a key to the objects that mention it. An empty entry takes no memory.
package struct ObjectIndex<Key: Hashable & Sendable>: Sendable {
    private var members: [Key: CompactSet<ObjectName>] = [:]

    package init() {}

    package subscript(key: Key) -> CompactSet<ObjectName> { members[key] ?? .empty }

    package func contains(_ key: Key) -> Bool { members[key] != nil }

    package var keys: Dictionary<Key, CompactSet<ObjectName>>.Keys { members.keys }

    /// Replaces the keys that an object mentions.
    package mutating func move(_ name: ObjectName, from old: Set<Key>, to new: Set<Key>) {
        for key in old where !new.contains(key) {
            members[key]?.remove(name)
            if members[key]?.isEmpty == true { members[key] = nil }
        }
        for key in new where !old.contains(key) { members[key, default: .empty].insert(name) }
    }
}
