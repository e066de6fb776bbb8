import PorticoModel

/// What changed at the place where objects come from, since the last update.
package struct ObjectUpdate: Sendable {
    /// How much of it has been read.
    package enum Progress: Hashable, Sendable {
        /// What is missing, for people.
        case reading(String)
        /// Everything but what it is to be told to read by name.
        case awaitsNamed
        case complete
    }

    /// In the order in which they came to pass; later ones count.
    package var changes: [ObjectChange]
    /// All that is wrong there at this moment, sorted: not a difference to the last update. Nil for no change.
    package var diagnostics: [Diagnostic]?
    package var progress: Progress
    /// All objects that cannot be read as they are now, with their uids: what is known of them is their last good form. Nil
    /// for no change, and where the source looks after them itself.
    package var stale: [ObjectReference: String]?

    package init(
        changes: [ObjectChange], diagnostics: [Diagnostic]? = nil, progress: Progress = .complete,
        stale: [ObjectReference: String]? = nil
    ) {
        self.changes = changes
        self.stale = stale
        self.diagnostics = diagnostics
        self.progress = progress
    }
}
