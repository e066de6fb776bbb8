import PorticoModel
import PorticoSnapshot

/// What a worker is to do because of the control link.
package enum LinkOrder: Sendable {
    /// The server has answered the hello. Everything may be reported, and has to be, for the server may be a new one.
    case connected
    /// Build new tables beside the old ones, swap, and call `finishApplying`. No second update comes before that.
    case apply(SnapshotUpdate)
    /// Each set replaces what stood under its name. Sets come before the version that uses their upstreams, and may name
    /// upstreams that no version uses.
    case setEndpoints([EndpointSet])
    /// Forget the endpoints of these upstreams.
    case removeUpstreams([String])
    /// The same for live state of other sorts.
    case setObjects([LiveObject])
    case removeObjects([LiveObjectName])
    /// All that the server had at the time of the connection was received and applied, or refused, or it had nothing.
    /// Comes once in every connection.
    case initialStateComplete
    /// Finish requests, close connections, exit.
    case drain(deadlineMilliseconds: UInt32)
}

/// One version, as the difference from the running one.
package struct SnapshotUpdate: Sendable {
    package var version: Version
    package var isPinned: Bool
    /// All sections of the version, by name and digest.
    package var tree: ManifestTree
    /// Sections that are new or have new content.
    package var changed: [Section]
    /// Sections of the running version that this one does not have.
    package var removed: [SectionName]

    package init(
        version: Version, isPinned: Bool, tree: ManifestTree, changed: [Section], removed: [SectionName]
    ) {
        self.version = version
        self.isPinned = isPinned
        self.tree = tree
        self.changed = changed
        self.removed = removed
    }
}

/// What became of an update.
package enum ApplyOutcome: Hashable, Sendable {
    case applied
    /// The old tables go on serving; the reason is for people.
    case refused(String)
}
