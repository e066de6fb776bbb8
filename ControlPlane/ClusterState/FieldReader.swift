import PorticoModel

/// Reads the fields of one object and gathers what is wrong with them.
///
/// Field paths are built only where something is wrong.
final class FieldReader {
    var reference: ObjectReference?
    let origin: Origin?
    private(set) var diagnostics: [Diagnostic] = []

    init(origin: Origin?) {
        self.origin = origin
    }

    func refuse(_ node: ObjectNode?, _ field: String, _ reason: String) {
        diagnostics.append(
            Diagnostic(
                severity: .error, kind: .invalid, object: reference, file: origin?.file,
                line: origin.map { Int($0.line + (node?.line ?? 0)) }, field: field, reason: reason, consequence: ""))
    }

    /// A string; nil where it is missing or null, or of another type, which is refused.
    func string(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> String? {
        guard let node = map[key] else { return nil }
        if let text = node.string { return text }
        refuse(node, join(path(), key), "must be a string, not \(node.kindName)\(quotingHint(node))")
        return nil
    }

    /// A string that must be there and must not be empty.
    func requiredString(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> String? {
        let node = map[key]
        if node == nil || node?.string == "" {
            refuse(node ?? map, join(path(), key), "is required")
            return nil
        }
        return string(map, key, path())
    }

    func bool(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> Bool? {
        guard let node = map[key] else { return nil }
        if case .bool(let value) = node.content { return value }
        refuse(node, join(path(), key), "must be true or false, not \(node.kindName)")
        return nil
    }

    func map(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> ObjectNode? {
        guard let node = map[key] else { return nil }
        if node.fields != nil { return node }
        refuse(node, join(path(), key), "must be a map, not \(node.kindName)")
        return nil
    }

    /// A list; empty where it is missing.
    func list(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> [ObjectNode] {
        guard let node = map[key] else { return [] }
        if let items = node.list { return items }
        refuse(node, join(path(), key), "must be a list, not \(node.kindName)")
        return []
    }

    /// A list whose items are maps; other items are refused.
    func maps(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> [(index: Int, node: ObjectNode)] {
        var found: [(index: Int, node: ObjectNode)] = []
        for (index, item) in list(map, key, path()).enumerated() {
            if item.fields != nil {
                found.append((index, item))
            } else {
                refuse(item, "\(join(path(), key))[\(index)]", "must be a map, not \(item.kindName)")
            }
        }
        return found
    }

    /// A port number between 1 and 65535; nil where it is missing or refused.
    func portNumber(_ map: ObjectNode, _ key: String, _ path: @autoclosure () -> String) -> UInt16? {
        guard let node = map[key] else { return nil }
        guard case .number(let text) = node.content else {
            refuse(node, join(path(), key), "must be a number, not \(node.kindName)")
            return nil
        }
        guard let number = UInt16(text), number > 0 else {
            refuse(node, join(path(), key), "must be a port number between 1 and 65535, not \(text)")
            return nil
        }
        return number
    }

    private func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func quotingHint(_ node: ObjectNode) -> String {
        switch node.content {
        case .bool, .number: "; put it in quotes"
        case .null, .string, .list, .map: ""
        }
    }
}
