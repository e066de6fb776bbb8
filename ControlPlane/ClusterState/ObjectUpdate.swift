import PorticoModel

/// What changed at the place where objects come from, since the last update.
package struct ObjectUpdate: Sendable {
    /// How much of it has been read.
    package enum Progress: Hashable, Sendable {
        /// What is missing, for people.
        case reading(String)
        /// Everything but the Secrets that it is to be told to read.
        case awaitsSecrets
        case complete
    }

    /// In the order in which they came to pass; later ones count.
    package var changes: [ObjectChange]
    /// All that is wrong there at this moment, sorted: not a difference to the last update. Nil for no change.
    package var diagnostics: [Diagnostic]?
    package var progress: Progress

    package init(changes: [ObjectChange], diagnostics: [Diagnostic]? = nil, progress: Progress = .complete) {
        self.changes = changes
        self.diagnostics = diagnostics
        self.progress = progress
    }
}
