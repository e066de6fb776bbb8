import ClusterState
import PorticoModel

/// What changed in the folder since the last update. The first one holds everything.
package struct ManifestUpdate: Sendable {
    /// In order of object; an object appears once.
    package var changes: [ObjectChange]
    /// All that is wrong in the folder at this moment, sorted: not a difference to the last update.
    package var diagnostics: [Diagnostic]

    package init(changes: [ObjectChange], diagnostics: [Diagnostic]) {
        self.changes = changes
        self.diagnostics = diagnostics
    }
}
