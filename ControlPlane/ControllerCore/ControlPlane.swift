import Admission
import ClusterState
import ControlLink
import ControlServer
import ExternalNames
import Glibc
import KubernetesAPI
import Leadership
import Logging
import ManifestDirectory
import ProcessSupervision
import SnapshotStore
import TraceExport

/// A whole control plane: folder or cluster → compiler → snapshots → control link, with metrics and the admin socket.
package final class ControlPlane: Sendable {
    package static let release = "0.1.0"

    private let controller: Controller
    private let store: SnapshotStore
    private let listener: LinkListener
    private let resolvers: [ExternalNameResolver]
    /// By class group.
    private let exporters: [String: TraceExporter]
    private let source: any ObjectSource
    private let front: HTTPFront
    private let dataDirectory: FolderLock
    private let duties: ClusterDuties?
    private let webhook: WebhookServer?

    /// Takes the lock, the addresses and the sockets; `start` begins to serve.
    package init(_ configuration: ControllerConfiguration, logger: Logger) async throws(ControllerStartError) {
        if case .folder(let path) = configuration.source { try ControlPlane.checkFolder(path) }
        dataDirectory = try ControlPlane.claim(configuration.dataDirectory)
        do {
            store = try SnapshotStore(path: configuration.database, retention: configuration.retention, logger: logger)
            let controller = Controller(configuration: configuration, store: store, logger: logger)
            let groups = configuration.classGroups.map(\.name)
            exporters = Dictionary(
                uniqueKeysWithValues: groups.map { ($0, TraceExporter(scope: "portico", logger: logger)) })
            listener = try LinkListener(
                path: configuration.controlSocket, controller: "portico-control", classGroups: groups
            ) { [exporters] event in
                if case .spans(let client, let spans) = event {
                    exporters[client.hello.classGroup]?.add(spans)
                } else {
                    controller.post(.link(event))
                }
            }
            resolvers = groups.map { group in
                ExternalNameResolver(log: logger) { controller.post(.resolved($0, classGroup: group)) }
            }
            source = ControlPlane.makeSource(configuration, store, logger) { controller.post(.objects($0)) }
            let sources = HTTPFront.Sources(
                admin: controller, readiness: { await controller.notReadyReason },
                metrics: { [listener] in await controller.metricsPages(link: listener.counters) },
                healthPath: configuration.healthPath, servesMetrics: configuration.servesMetrics)
            front = try HTTPFront(
                host: configuration.metricsHost, port: configuration.metricsPort,
                adminSocket: configuration.adminSocket, sources: sources, log: logger)
            duties = ControlPlane.makeDuties(configuration, logger) { controller.post($0) }
            webhook = try configuration.webhook?.server(reviewer: controller, logger: logger)
            self.controller = controller
        } catch {
            throw ControllerStartError("\(error)")
        }
        await controller.connect(
            source: source, listener: listener, resolvers: resolvers, exporters: exporters, duties: duties)
    }

    private static func checkFolder(_ path: String) throws(ControllerStartError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw ControllerStartError("the folder \(path) does not exist") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ControllerStartError("\(path) is not a folder") }
    }

    /// Two control planes never share a history.
    private static func claim(_ path: String) throws(ControllerStartError) -> FolderLock {
        do {
            return try FolderLock(folder: path, file: "control.lock", program: "portico-control")
        } catch { throw ControllerStartError(error.description) }
    }

    private static func makeDuties(
        _ configuration: ControllerConfiguration, _ logger: Logger,
        post: @escaping @Sendable (ControllerEvent) -> Void
    ) -> ClusterDuties? {
        guard case .cluster(let cluster) = configuration.source, let duties = configuration.duties else { return nil }
        return ClusterDuties(duties, client: cluster.client, logger: logger) {
            post(.leadership($0))
        } pinned: {
            post(.pins($0))
        }
    }

    private static func makeSource(
        _ configuration: ControllerConfiguration, _ store: SnapshotStore, _ logger: Logger,
        handler: @escaping @Sendable (ObjectUpdate) -> Void
    ) -> any ObjectSource {
        switch configuration.source {
        case .folder(let path):
            let folder = ManifestDirectory(path: path, lastGood: LastGoodObjects(store: store, logger: logger))
            return FolderSource(folder: folder, handler: handler)
        case .cluster(let cluster):
            var handler = handler
            if let rate = cluster.updatesPerSecond {
                let pacer = UpdatePacer(perSecond: rate, handler: handler)
                handler = { pacer.take($0) }
            }
            return ClusterSource(
                client: cluster.client, selection: cluster.selection, goodForms: GoodForms.load(store), handler: handler
            )
        }
    }

    /// Serves until `stop`.
    package func start() async throws(ControllerStartError) {
        do { try await front.start() } catch { throw ControllerStartError(error.description) }
        listener.start()
        try source.start()
        webhook?.start()
        duties?.start()
    }

    /// Ends everything in order. Workers go on with what they have.
    package func stop() async {
        await webhook?.stop()
        await duties?.stop()
        source.stop()
        for resolver in resolvers { resolver.stop() }
        listener.stop()
        for exporter in exporters.values { exporter.stop() }
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
