/// What is wrong with one object or file, where, why, and what happens instead.
package struct Diagnostic: Hashable, Comparable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// The object, or the named part of it, does not take effect.
        case error
        /// The object takes effect, though probably not as its author meant.
        case warning
    }

    /// What sort of fault it is. The text is the reason of Kubernetes Events about it.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Of no sort that anything depends on.
        case general = "Configuration"
        /// A value that cannot work: a field that the API server would refuse, a broken regular expression.
        case invalid = "Invalid"
        /// An annotation whose value is refused.
        case annotation = "InvalidAnnotation"
        /// Something known that Portico does not do.
        case unsupported = "Unsupported"
        /// The same host and path as in another place.
        case conflict = "Conflict"
        /// A service, port or endpoint that is not there, or not yet.
        case backend = "BackendNotFound"
        /// Nobody serves it.
        case ingressClass = "IngressClassNotFound"

        /// Time or another object may mend it, so that it is no reason to refuse the object.
        package var mayResolve: Bool {
            switch self {
            case .general, .unsupported, .backend, .ingressClass: true
            case .invalid, .annotation, .conflict: false
            }
        }
    }

    package var severity: Severity
    package var kind: Kind
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
        severity: Severity, kind: Kind = .general, object: ObjectReference?, file: String? = nil, line: Int? = nil,
        field: String, reason: String, consequence: String
    ) {
        self.severity = severity
        self.kind = kind
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
        Diagnostic.text(file, line, object?.description, field, reason, consequence)
    }

    static func text(
        _ file: String?, _ line: Int?, _ object: String?, _ field: String, _ reason: String, _ consequence: String
    ) -> String {
        var parts: [String] = []
        if let file { parts.append(line.map { "\(file):\($0)" } ?? file) }
        if let object { parts.append(object) }
        if !field.isEmpty { parts.append(field) }
        let place = parts.isEmpty ? "" : parts.joined(separator: ": ") + ": "
        return consequence.isEmpty ? place + reason : "\(place)\(reason) (\(consequence))"
    }
}
