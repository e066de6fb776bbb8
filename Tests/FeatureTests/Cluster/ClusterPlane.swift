import ClusterState
import ControlServer
import ControllerCore
import KubernetesAPI
import KubernetesTestServer
import Logging
import PorticoModel
import TestSupport
import Testing
import YAMLDocuments

/// A control plane in this process that serves the cluster of an API server.
final class ClusterPlane {
    let folder: TemporaryFolder
    var admin: KubernetesClient
    private(set) var plane: ControlPlane
    /// It lives as long as those who use it.
    private let server: any APIServerUnderTest
    private let configuration: ControllerConfiguration

    /// - Parameters:
    ///   - connection: whom the control plane is to the API server; nil for the one with all rights.
    ///   - startsWith: manifests that are there before the control plane is.
    init(
        _ server: any APIServerUnderTest, connection: ConnectionParameters? = nil, startsWith manifests: [String] = [],
        updatesPerSecond: Double? = nil,
        configure: (inout ControllerConfiguration, inout ClusterSelection) -> Void = { _, _ in }
    ) async throws {
        folder = try TemporaryFolder()
        self.server = server
        admin = try server.adminClient()
        for text in [Manifests.ingressClass] + manifests { try await ClusterPlane.apply(text, admin) }
        var selection = ClusterSelection()
        selection.reflectors.backoff = Backoff(firstSeconds: 0.02, longestSeconds: 0.2)
        selection.reflectors.refusedSeconds = 0.1
        let client = try KubernetesClient(FixedConnection(connection ?? server.admin))
        var configuration = ControllerConfiguration(
            source: .folder(""), controlSocket: folder("control.sock"), metricsHost: "127.0.0.1", metricsPort: 0,
            dataDirectory: folder("data"))
        configuration.compiler.classes.ingressClass = "portico"
        configure(&configuration, &selection)
        configuration.source = .cluster(
            ClusterConfiguration(client: client, selection: selection, updatesPerSecond: updatesPerSecond))
        self.configuration = configuration
        plane = try await ClusterPlane.start(configuration)
    }

    private static func start(_ configuration: ControllerConfiguration) async throws -> ControlPlane {
        let plane = try await ControlPlane(
            configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await plane.start()
        return plane
    }

    var socket: String { configuration.controlSocket }

    func stop() async { await plane.stop() }

    func start() async throws { plane = try await ClusterPlane.start(configuration) }

    func status() async -> AdminStatus { await plane.admin.status() }

    /// The digest of what is published.
    func digest() async throws -> String? {
        try await plane.admin.snapshots().snapshots.first { $0.running }?.digest
    }

    /// A worker that has got everything there is.
    func worker() async throws -> LinkWorker {
        let worker = LinkWorker()
        try worker.connect(socket)
        await worker.follow { $0.isComplete && $0.version != .none }
        return worker
    }

    /// Waits for the answer of /readyz.
    func awaitReady(sourceLocation: SourceLocation = #_sourceLocation) async {
        await settles("the control plane is ready", sourceLocation: sourceLocation) { await status().ready }
    }

    // MARK: Objects

    /// Creates or replaces the objects of a manifest.
    func apply(_ text: String) async throws { try await ClusterPlane.apply(text, admin) }

    static func apply(_ text: String, _ admin: KubernetesClient) async throws {
        for node in try YAMLReader.readAll(text) where node.fields != nil {
            let (resource, namespace, name) = try place(of: node)
            do {
                _ = try await admin.create(resource, namespace: namespace, node)
            } catch {
                guard error.isAlreadyExists else { throw error }
                var node = node
                let old = try await admin.get(resource, namespace: namespace, name: name)
                node.set("metadata", "resourceVersion", to: .text(old.resourceVersion))
                _ = try await admin.update(resource, namespace: namespace, name: name, node)
            }
        }
    }

    func delete(_ text: String) async throws {
        for node in try YAMLReader.readAll(text) where node.fields != nil {
            let (resource, namespace, name) = try ClusterPlane.place(of: node)
            try await admin.delete(resource, namespace: namespace, name: name)
        }
    }

    private static func place(of node: ObjectNode) throws -> (APIResource, String, String) {
        let resources: [APIResource] = [
            .ingresses, .ingressClasses, .services, .endpointSlices, .secrets, .configMaps, .namespaces,
        ]
        let resource = try #require(resources.first { $0.kind == node["kind"]?.string })
        let name = try #require(node.at("metadata", "name")?.string)
        let namespace = resource.isNamespaced ? node.at("metadata", "namespace")?.string ?? "default" : ""
        return (resource, namespace, name)
    }
}

extension Manifests {
    static func namespace(_ name: String, labels: String = "") -> String {
        "{apiVersion: v1, kind: Namespace, metadata: {name: \(name), labels: {\(labels)}}}"
    }

    static func secret(_ name: String, _ value: String = "c2VjcmV0") -> String {
        "{apiVersion: v1, kind: Secret, metadata: {name: \(name), namespace: default}, data: {key: \(value)}}"
    }

    /// The same objects in another namespace.
    static func moved(_ text: String, to namespace: String) -> String {
        text.replacing("namespace: default", with: "namespace: \(namespace)")
    }
}
