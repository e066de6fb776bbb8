import PorticoModel

/// What is kept about one version besides its content.
package struct SnapshotRecord: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// Compiled from the objects.
        case compiled
        /// The content of an older version, published again and pinned.
        case rollback
        /// The newest compiled content, published again after a rollback.
        case resume
    }

    package var version: Version
    /// The version that was running, or for a version that was held back, the compiled one before it.
    package var parent: Version?
    package var classGroup: String
    /// Seconds since 1970.
    package var createdAt: Double
    package var kind: Kind
    /// The objects that changed, for people.
    package var cause: String
    /// The version whose content a rollback brought back.
    package var rollbackOf: Version?
    package var reason: String?
    /// Seconds since 1970; nil for a version that a pin held back.
    package var publishedAt: Double?

    package init(
        version: Version, parent: Version?, classGroup: String, createdAt: Double, kind: Kind, cause: String,
        rollbackOf: Version? = nil, reason: String? = nil, publishedAt: Double?
    ) {
        self.version = version
        self.parent = parent
        self.classGroup = classGroup
        self.createdAt = createdAt
        self.kind = kind
        self.cause = cause
        self.rollbackOf = rollbackOf
        self.reason = reason
        self.publishedAt = publishedAt
    }
}

/// One worker's answer to one version.
package struct Acknowledgement: Hashable, Sendable {
    /// `node/process`.
    package var worker: String
    /// Seconds since 1970.
    package var at: Double
    /// nil where the worker applied the version.
    package var error: String?

    package init(worker: String, at: Double, error: String? = nil) {
        self.worker = worker
        self.at = at
        self.error = error
    }
}

/// A stored version as it is listed.
package struct StoredSnapshot: Hashable, Sendable {
    package var record: SnapshotRecord
    package var rootDigest: Digest
    package var sectionCount: Int
    package var acknowledgements: [Acknowledgement]

    package init(
        record: SnapshotRecord, rootDigest: Digest, sectionCount: Int, acknowledgements: [Acknowledgement]
    ) {
        self.record = record
        self.rootDigest = rootDigest
        self.sectionCount = sectionCount
        self.acknowledgements = acknowledgements
    }
}

/// How many versions are kept, and for how long. The running one, the pinned one and the newest always are.
package struct SnapshotRetention: Hashable, Sendable {
    package var count: Int
    /// Seconds; nil keeps versions of any age.
    package var age: Double?

    package init(count: Int = 100, age: Double? = nil) {
        self.count = max(1, count)
        self.age = age
    }
}

/// The last valid form of a manifest's object.
package struct StoredObject: Hashable, Sendable {
    package var reference: ObjectReference
    package var file: String
    package var text: String

    package init(reference: ObjectReference, file: String, text: String) {
        self.reference = reference
        self.file = file
        self.text = text
    }
}

/// Why the content of a version cannot be had.
package enum SnapshotStoreError: Error, Hashable, CustomStringConvertible {
    case unknownVersion(Version)
    case otherClassGroup(Version, String)
    case damaged(Version, reason: String)
    case unavailable(reason: String)

    package var description: String {
        switch self {
        case .unknownVersion(let version):
            "version \(version) is not stored; `portico snapshots list` shows the versions that are"
        case .otherClassGroup(let version, let group): "version \(version) belongs to the class group '\(group)'"
        case .damaged(let version, let reason): "the stored content of version \(version) is damaged: \(reason)"
        case .unavailable(let reason): "the snapshot store cannot be read: \(reason)"
        }
    }
}
