import ClusterState
import PorticoModel

/// Reads manifests that are no files: a request for admission, or standard input.
package enum ManifestText {
    /// - Parameter file: what diagnostics call the text; a name that ends with `.json` makes it JSON.
    package static func read(_ text: String, file: String) -> ManifestUpdate {
        var table = ManifestTable()
        table.set(ManifestReader(keepsText: false).read(text, path: file, previous: nil))
        return ManifestUpdate(changes: table.takeChanges(), diagnostics: table.diagnostics())
    }
}
