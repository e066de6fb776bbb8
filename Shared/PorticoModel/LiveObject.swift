/// What a live object is. Raw values are on the wire; a reader skips the kinds that it does not know.
package struct LiveObjectKind: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A certificate with its chain and key (`CertificateMaterial`), named `namespace/secret`.
    package static let certificate = LiveObjectKind(rawValue: 1)
    /// The authorities and revocation lists that certificates are verified with (`AuthorityMaterial`), named
    /// `namespace/secret`.
    package static let authorities = LiveObjectKind(rawValue: 2)
    /// The keys that session tickets are sealed with, under an empty name.
    package static let ticketKeys = LiveObjectKind(rawValue: 3)
    /// Parameters of the finite-field key exchange in PEM, under an empty name.
    package static let keyExchangeParameters = LiveObjectKind(rawValue: 4)
    /// User names and password hashes, named `namespace/secret`.
    package static let passwords = LiveObjectKind(rawValue: 10)

    package static func < (left: LiveObjectKind, right: LiveObjectKind) -> Bool { left.rawValue < right.rawValue }
}

/// Names a live object.
package struct LiveObjectName: Hashable, Comparable, Sendable {
    package var kind: LiveObjectKind
    package var name: String

    package init(kind: LiveObjectKind, name: String) {
        self.kind = kind
        self.name = name
    }

    package static func < (left: LiveObjectName, right: LiveObjectName) -> Bool {
        (left.kind, left.name) < (right.kind, right.name)
    }
}

/// Live state other than endpoints, most of it secret: it is addressed by name from the configuration, flows beside the
/// versions, and never reaches a disk or a log. The parts of the planes that know its kind read its content.
package struct LiveObject: Hashable, Sendable {
    package var name: LiveObjectName
    package var content: [UInt8]

    package init(name: LiveObjectName, content: [UInt8]) {
        self.name = name
        self.content = content
    }

    package init(_ kind: LiveObjectKind, name: String, content: [UInt8]) {
        self.init(name: LiveObjectName(kind: kind, name: name), content: content)
    }
}

extension LiveObject: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the content, which is nobody's business.
    package var description: String { "live object \(name.kind.rawValue) '\(name.name)' of \(content.count) bytes" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["name": name, "byteCount": content.count]) }
}

/// Names one piece of live state of any sort.
package enum LiveStateName: Hashable, Comparable, Sendable {
    case endpoints(upstream: String)
    case object(LiveObjectName)
}
