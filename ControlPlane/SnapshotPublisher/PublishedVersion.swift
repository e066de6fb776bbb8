import PorticoModel
import PorticoSnapshot
import SnapshotStore

/// A version as the workers shall have it.
package struct PublishedVersion: Sendable {
    package var record: SnapshotRecord
    package var tree: ManifestTree
    /// Finds the content of the tree's sections for as long as it is held.
    package var contents: SectionContents.Lease

    package var version: Version { record.version }

    /// A rollback holds newer versions back until something else is published.
    package var isPinned: Bool { record.kind == .rollback }
}

/// Why a person's wish to change what is published is refused.
package enum PublisherError: Error, Hashable, CustomStringConvertible {
    case notSynced
    case notPinned
    case store(SnapshotStoreError)

    package var description: String {
        switch self {
        case .notSynced: "the configuration has not been compiled yet; try again in a moment"
        case .notPinned: "no version is pinned, so there is nothing to resume"
        case .store(let error): error.description
        }
    }
}
