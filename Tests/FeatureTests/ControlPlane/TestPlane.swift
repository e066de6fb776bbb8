import ControlServer
import ControllerCore
import Logging
import PorticoModel
import ProcessSupervision
import SnapshotStore
import TestSupport
import Testing

/// A control plane in this process over a folder of its own, which can be ended and started again.
final class TestPlane {
    let folder: TemporaryFolder
    private(set) var plane: ControlPlane
    private let configuration: ControllerConfiguration

    /// - Parameter files: manifests by name.
    init(
        _ files: [String: String], expectedWorkers: Int = 0, classGroups: [NamedClassGroup] = []
    ) async throws {
        folder = try TemporaryFolder()
        let manifests = try folder.makeFolder("manifests")
        for (name, text) in files { try folder.write(text, to: "manifests/\(name)") }
        var configuration = ControllerConfiguration(
            source: .folder(manifests), controlSocket: folder("control.sock"), metricsHost: "127.0.0.1", metricsPort: 0,
            dataDirectory: folder("data"))
        configuration.compiler.classes.acceptsMissingClassObjects = true
        configuration.compiler.classes.ingressClass = "portico"
        configuration.expectedWorkers = expectedWorkers
        configuration.namedClassGroups = classGroups
        self.configuration = configuration
        plane = try await TestPlane.start(configuration)
    }

    private static func start(_ configuration: ControllerConfiguration) async throws -> ControlPlane {
        let plane = try await ControlPlane(
            configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await plane.start()
        return plane
    }

    var socket: String { configuration.controlSocket }

    /// A second control plane with the same data directory.
    func startAnother() async throws { _ = try await TestPlane.start(configuration) }

    func stop() async { await plane.stop() }

    func start() async throws {
        plane = try await TestPlane.start(configuration)
    }

    func write(_ text: String, to name: String) throws { try folder.write(text, to: "manifests/\(name)") }

    func status() async -> AdminStatus { await plane.admin.status() }

    /// Asks for the status until it is as wanted.
    func status(_ what: String, where condition: (AdminStatus) -> Bool) async throws -> AdminStatus {
        let end = ContinuousClock.now + .seconds(10)
        while true {
            let status = await status()
            if condition(status) { return status }
            guard ContinuousClock.now < end else {
                Issue.record("the status never came to show: \(what)")
                return status
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension LinkWorker {
    /// The paths of each host's routes, as the updates so far have left them.
    var hosts: [String: [String]] {
        var hosts: [String: [String]] = [:]
        for update in updates {
            for section in update.changed {
                guard case .virtualHost(let host) = section else { continue }
                hosts[host.host] = host.routes.map(\.path)
            }
            for name in update.removed where name.kind == .virtualHost { hosts[name.name] = nil }
        }
        return hosts
    }

    /// The virtual hosts as they are now, by name.
    private var virtualHosts: [String: VirtualHost] {
        var hosts: [String: VirtualHost] = [:]
        for update in updates {
            for case .virtualHost(let host) in update.changed { hosts[host.host] = host }
            for name in update.removed where name.kind == .virtualHost { hosts[name.name] = nil }
        }
        return hosts
    }

    /// Those that routes carry themselves, in order of host.
    var policies: [RoutePolicy] { virtualHosts.sorted { $0.key < $1.key }.flatMap(\.value.policies) }

    var globalSettings: GlobalSettings? {
        updates.reversed().lazy.flatMap(\.changed).compactMap { section in
            if case .globalSettings(let settings) = section { settings } else { nil }
        }.first
    }

    /// In milliseconds, of the host's first route.
    func readTimeout(of host: String) -> UInt32 {
        let policy = virtualHosts[host]?.policies.first ?? globalSettings?.defaultPolicy
        return policy?.readTimeoutMilliseconds ?? 0
    }

    func ports(of upstream: String) -> [UInt16]? { endpoints[upstream]?.endpoints.map(\.port) }
}

extension Manifests {
    static func backend(_ name: String, port: UInt16) -> String {
        service(name, at: [ListenAddress(host: "10.0.0.1", port: port)])
    }
}
