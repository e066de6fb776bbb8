import ClusterState
import KubernetesAPI

/// Label and field selectors of one request.
struct Selectors {
    private enum Requirement {
        case equals(String)
        case notEquals(String)
        case isOneOf([String])
        case isNoneOf([String])
        case exists, isMissing

        func accepts(_ value: String?) -> Bool {
            switch self {
            case .equals(let wanted): value == wanted
            case .notEquals(let unwanted): value != unwanted
            case .isOneOf(let wanted): value.map(wanted.contains) ?? false
            case .isNoneOf(let unwanted): !(value.map(unwanted.contains) ?? false)
            case .exists: value != nil
            case .isMissing: value == nil
            }
        }
    }

    private var labels: [(key: String, requirement: Requirement)] = []
    private var fields: [(path: String, requirement: Requirement)] = []

    /// - Returns: nil where a selector is not understood.
    init?(labelSelector: String, fieldSelector: String) {
        for part in Selectors.split(labelSelector) {
            guard let parsed = Selectors.parse(part) else { return nil }
            labels.append(parsed)
        }
        for part in Selectors.split(fieldSelector) {
            guard let (path, requirement) = Selectors.parse(part) else { return nil }
            fields.append((path, requirement))
        }
    }

    func accept(_ node: ObjectNode) -> Bool {
        labels.allSatisfy { $0.requirement.accepts(node.at("metadata", "labels")?[$0.key]?.string) }
            && fields.allSatisfy { $0.requirement.accepts(Selectors.value(of: $0.path, in: node)) }
    }

    /// The one name that a field selector asks for.
    var name: String? {
        for field in fields where field.path == "metadata.name" {
            if case .equals(let name) = field.requirement { return name }
        }
        return nil
    }

    private static func value(of path: String, in node: ObjectNode) -> String {
        let found = path.split(separator: ".").reduce(Optional(node)) { node, key in node?[String(key)] }
        return found?.string ?? ""
    }

    /// At the commas that are not within parentheses.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.map { $0.trimmed }.filter { !$0.isEmpty }
    }

    private static func parse(_ part: String) -> (String, Requirement)? {
        for (mark, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let range = part.firstRange(of: mark) else { continue }
            let (key, value) = (String(part[..<range.lowerBound]).trimmed, String(part[range.upperBound...]).trimmed)
            return (key, isEqual ? .equals(value) : .notEquals(value))
        }
        if part.hasPrefix("!") { return (String(part.dropFirst()), .isMissing) }
        guard let open = part.firstIndex(of: "("), part.hasSuffix(")") else {
            return part.contains(" ") ? nil : (part, .exists)
        }
        let words = part[..<open].split(separator: " ")
        let values = part[part.index(after: open)...].dropLast().split(separator: ",").map { String($0).trimmed }
        guard words.count == 2 else { return nil }
        switch words[1] {
        case "in": return (String(words[0]), .isOneOf(values))
        case "notin": return (String(words[0]), .isNoneOf(values))
        default: return nil
        }
    }
}

extension String {
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
