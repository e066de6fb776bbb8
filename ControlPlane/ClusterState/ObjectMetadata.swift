import PorticoModel

/// One annotation of an object and where it stands in its document.
package struct Annotation: Hashable, Sendable {
    package var key: String
    package var value: String
    /// Lines after the first line of the document.
    package var line: Int32

    package init(key: String, value: String, line: Int32 = 0) {
        self.key = key
        self.value = value
        self.line = line
    }
}

/// The part of an object's metadata that Portico uses.
package struct ObjectMetadata: Hashable, Sendable {
    package var name: ObjectName
    /// Seconds since 1970; nil where the object has no creation time, as in a manifest.
    package var createdAt: Int64?
    /// In order of key.
    package var annotations: [Annotation]
    /// Nil for what came from the API server.
    package var origin: Origin?

    package init(
        name: ObjectName, createdAt: Int64? = nil, annotations: [Annotation] = [], origin: Origin? = nil
    ) {
        self.name = name
        self.createdAt = createdAt
        self.annotations = annotations
        self.origin = origin
    }

    package func annotation(_ key: String) -> Annotation? {
        annotations.first { $0.key == key }
    }

    /// Whether this object wins a conflict: the older one does, then the one whose namespace and name sort first.
    ///
    /// Objects without a creation time are of equal age and younger than any that have one, so that the outcome
    /// depends on what the manifests say and never on the order in which they were read.
    package func precedes(_ other: ObjectMetadata) -> Bool {
        let (mine, others) = (createdAt ?? .max, other.createdAt ?? .max)
        return mine != others ? mine < others : name < other.name
    }
}
