import ClusterState
import KubernetesAPI
import ManifestDirectory
import PorticoModel
import SnapshotStore

/// Where objects come from: a folder or a cluster. What follows is the same for both.
protocol ObjectSource: Sendable {
    /// Reads everything and goes on with what changes. The updates come one at a time.
    func start() throws(ControllerStartError)

    /// No update comes afterwards.
    func stop()

    /// What to read by name, in place of what was before, for a source that does not read it all.
    func want(_ objects: NamedObjects)

    /// The last valid forms of objects, which could not be read at the start, can be read now.
    func recallLastGood()
}

extension ObjectSource {
    package func recallLastGood() {}
}

/// A folder holds nothing but what was put there to be read.
struct FolderSource: ObjectSource {
    let folder: ManifestDirectory
    let handler: @Sendable (ObjectUpdate) -> Void

    func start() throws(ControllerStartError) {
        do {
            try folder.start { [handler] update in
                handler(ObjectUpdate(changes: update.changes, diagnostics: update.diagnostics))
            }
        } catch { throw ControllerStartError(error.description) }
    }

    func stop() { folder.stop() }

    func want(_ objects: NamedObjects) {}

    func recallLastGood() { folder.recallLastGood() }
}

extension ClusterSource: ObjectSource {}

/// A cluster to serve.
package struct ClusterConfiguration: Sendable {
    package var client: KubernetesClient
    package var selection: ClusterSelection
    /// At most so many compilations a second; nil for as many as there are changes (`--sync-rate-limit`).
    package var updatesPerSecond: Double?

    package init(client: KubernetesClient, selection: ClusterSelection, updatesPerSecond: Double? = nil) {
        self.client = client
        self.selection = selection
        self.updatesPerSecond = updatesPerSecond
    }
}
