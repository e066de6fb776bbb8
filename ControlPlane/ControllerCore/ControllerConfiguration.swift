import PorticoModel
import RouteCompiler
import SnapshotStore

/// What a control plane is told at its start.
package struct ControllerConfiguration: Sendable {
    package enum Source: Sendable {
        /// A folder of manifests.
        case folder(String)
        case cluster(ClusterConfiguration)
    }

    package var source: Source
    /// The Unix socket that the data plane connects to.
    package var controlSocket: String
    /// Numeric, without brackets.
    package var metricsHost: String
    package var metricsPort: UInt16
    /// Answers as `/healthz` does.
    package var healthPath = "/healthz"
    package var servesMetrics = true
    /// Holds the snapshot history, the admin socket and the lock.
    package var dataDirectory: String
    package var compiler = CompilerConfiguration()
    /// Class groups besides the default one.
    package var namedClassGroups: [NamedClassGroup] = []
    /// Nil for a folder, and for a cluster that is only read.
    package var duties: DutiesConfiguration?
    package var webhook: WebhookConfiguration?
    package var retention = SnapshotRetention()
    /// Readiness waits for so many workers of the default class group to have applied the configuration.
    package var expectedWorkers = 0
    /// The value of the label `controller_class`.
    package var controllerClass = "k8s.io/ingress-nginx"
    /// From the pod's environment, where there is one.
    package var podNamespace = ""
    package var podName = ""

    package init(
        source: Source, controlSocket: String, metricsHost: String, metricsPort: UInt16, dataDirectory: String
    ) {
        self.source = source
        self.controlSocket = controlSocket
        self.metricsHost = metricsHost
        self.metricsPort = metricsPort
        self.dataDirectory = dataDirectory
    }

    package var adminSocket: String { dataDirectory + "/admin.sock" }
    package var database: String { dataDirectory + "/snapshots.sqlite" }
}

/// Why a control plane cannot start: one line for a person.
package struct ControllerStartError: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
