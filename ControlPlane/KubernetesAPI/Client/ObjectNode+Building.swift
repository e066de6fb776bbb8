import ClusterState

/// Objects to send are written as literals: `["kind": "Lease", "spec": ["leaseDurationSeconds": 15]]`.
extension ObjectNode: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self.init(.string(value)) }
    package init(integerLiteral value: Int) { self.init(.number(String(value))) }
    package init(booleanLiteral value: Bool) { self.init(.bool(value)) }
    package init(nilLiteral: ()) { self.init(.null) }
    package init(arrayLiteral elements: ObjectNode...) { self.init(.list(elements)) }

    package init(dictionaryLiteral elements: (String, ObjectNode)...) {
        self.init(.map(elements.map { Field(key: $0.0, value: $0.1) }))
    }

    package static func text(_ value: String) -> ObjectNode { ObjectNode(.string(value)) }
    package static func number(_ value: Int) -> ObjectNode { ObjectNode(.number(String(value))) }
    package static func items(_ values: [ObjectNode]) -> ObjectNode { ObjectNode(.list(values)) }

    package static func texts(_ values: [String: String]) -> ObjectNode {
        ObjectNode(.map(values.sorted { $0.key < $1.key }.map { Field(key: $0.key, value: .text($0.value)) }))
    }
}

extension ObjectNode {
    package var int: Int? {
        if case .number(let text) = content { Int(text) } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = content { value } else { nil }
    }

    /// What lies at the end of a path of keys.
    package func at(_ path: String...) -> ObjectNode? {
        path.reduce(Optional(self)) { node, key in node?[key] }
    }

    /// Puts a value under a path of keys, and makes the maps on the way; nil takes the last key away.
    package mutating func set(_ path: String..., to value: ObjectNode?) { set(path[...], to: value) }

    private mutating func set(_ path: ArraySlice<String>, to value: ObjectNode?) {
        guard let key = path.first else { return }
        var fields = fields ?? []
        let index = fields.firstIndex { $0.key == key }
        var changed = value
        if path.count > 1 {
            var child = index.map { fields[$0].value } ?? ObjectNode(.map([]))
            child.set(path.dropFirst(), to: value)
            changed = child
        }
        switch (index, changed) {
        case (let index?, let node?): fields[index].value = node
        case (let index?, nil): fields.remove(at: index)
        case (nil, let node?): fields.append(Field(key: key, value: node))
        case (nil, nil): break
        }
        content = .map(fields)
    }

    /// `metadata.resourceVersion`.
    package var resourceVersion: String { at("metadata", "resourceVersion")?.string ?? "" }
}
