import ControlLink
import ControlServer
import ExternalNames
import Glibc
import Logging
import ManifestDirectory
import SnapshotStore

/// A whole control plane: folder of manifests → compiler → snapshots → control link, with metrics and the admin socket.
package final class ControlPlane: Sendable {
    package static let release = "0.1.0"

    private let controller: Controller
    private let store: SnapshotStore
    private let listener: LinkListener
    private let resolvers: [ExternalNameResolver]
    private let manifests: ManifestDirectory
    private let front: HTTPFront
    private let dataDirectory: DataDirectory

    /// Takes the lock, the addresses and the sockets; `start` begins to serve.
    package init(_ configuration: ControllerConfiguration, logger: Logger) async throws(ControllerStartError) {
        var status = stat()
        guard stat(configuration.manifests, &status) == 0 else {
            throw ControllerStartError("the folder \(configuration.manifests) does not exist")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ControllerStartError("\(configuration.manifests) is not a folder")
        }
        dataDirectory = try DataDirectory(path: configuration.dataDirectory, lockPath: configuration.lock)
        do {
            store = try SnapshotStore(path: configuration.database, retention: configuration.retention, logger: logger)
            let controller = Controller(configuration: configuration, store: store, logger: logger)
            let groups = configuration.classGroups.map(\.name)
            listener = try LinkListener(
                path: configuration.controlSocket, controller: "portico-control", classGroups: groups
            ) { controller.post(.link($0)) }
            resolvers = groups.map { group in
                ExternalNameResolver(log: logger) { controller.post(.resolved($0, classGroup: group)) }
            }
            manifests = ManifestDirectory(
                path: configuration.manifests, lastGood: LastGoodObjects(store: store, logger: logger))
            let sources = HTTPFront.Sources(
                admin: controller, readiness: { await controller.notReadyReason },
                metrics: { [listener] in await controller.metricsPages(link: listener.counters) })
            front = try HTTPFront(
                host: configuration.metricsHost, port: configuration.metricsPort,
                adminSocket: configuration.adminSocket, sources: sources, log: logger)
            self.controller = controller
        } catch {
            throw ControllerStartError("\(error)")
        }
        await controller.connect(listener: listener, resolvers: resolvers)
    }

    /// Serves until `stop`.
    package func start() async throws(ControllerStartError) {
        do { try await front.start() } catch { throw ControllerStartError(error.description) }
        listener.start()
        do {
            try manifests.start { [controller] in controller.post(.manifests($0)) }
        } catch { throw ControllerStartError(error.description) }
    }

    /// Ends everything in order. Workers go on with what they have.
    package func stop() async {
        manifests.stop()
        for resolver in resolvers { resolver.stop() }
        listener.stop()
        await front.stop()
        await controller.finish()
        store.close()
        dataDirectory.release()
    }

    /// What the admin socket asks.
    package var admin: any AdminHandler { controller }

    /// The port of the metrics address, where port 0 asked for any.
    package var metricsPort: UInt16? { get async { await front.port } }
}
