/// What is wrong with one object or file, where, why, and what happens instead.
package struct Diagnostic: Hashable, Comparable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// The object, or the named part of it, does not take effect.
        case error
        /// The object takes effect, though probably not as its author meant.
        case warning
    }

    package var severity: Severity
    /// The object, or nil where a file could not be read far enough to know.
    package var object: ObjectReference?
    /// The file that holds the object, where it came from one.
    package var file: String?
    /// One-based line in the file.
    package var line: Int?
    /// The path of the field, as `spec.rules[0].host`; empty for the object as a whole.
    package var field: String
    package var reason: String
    /// What Portico does instead, as `the last good form keeps serving`.
    package var consequence: String

    package init(
        severity: Severity, object: ObjectReference?, file: String? = nil, line: Int? = nil, field: String,
        reason: String, consequence: String
    ) {
        self.severity = severity
        self.object = object
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason
        self.consequence = consequence
    }

    private var order: (String, Int, ObjectReference?, String, String) {
        (file ?? "", line ?? 0, object, field, reason)
    }

    package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
        let (a, b) = (left.order, right.order)
        if (a.0, a.1) != (b.0, b.1) { return (a.0, a.1) < (b.0, b.1) }
        if a.2 != b.2 {
            guard let first = a.2 else { return true }
            guard let second = b.2 else { return false }
            return first < second
        }
        return (a.3, a.4) < (b.3, b.4)
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `shop.yaml:12: Ingress default/shop: spec.rules[0].host: reason (consequence)`.
    package var description: String {
        var parts: [String] = []
        if let file { parts.append(line.map { "\(file):\($0)" } ?? file) }
        if let object { parts.append(object.description) }
        if !field.isEmpty { parts.append(field) }
        let place = parts.isEmpty ? "" : parts.joined(separator: ": ") + ": "
        return consequence.isEmpty ? place + reason : "\(place)\(reason) (\(consequence))"
    }
}
