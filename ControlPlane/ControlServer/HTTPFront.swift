import FlyingFox
import FlyingSocks
import Glibc
package import Logging
import PorticoModel
import Synchronization

/// Why one of the control plane's HTTP addresses cannot be served.
package struct HTTPFrontError: Error, CustomStringConvertible {
    package var description: String
}

/// Serves /metrics, /healthz and /readyz on the metrics address, and the admin API on a Unix socket.
package final class HTTPFront: Sendable {
    /// What the answers are made of.
    package struct Sources: Sendable {
        package var admin: any AdminHandler
        /// nil when ready, else why not.
        package var readiness: @Sendable () async -> String?
        /// In the Prometheus text format.
        package var metrics: @Sendable () async -> MetricsPages
        /// Answers as `/healthz` does.
        package var healthPath: String
        package var servesMetrics: Bool

        package init(
            admin: any AdminHandler, readiness: @escaping @Sendable () async -> String?,
            metrics: @escaping @Sendable () async -> MetricsPages, healthPath: String = "/healthz",
            servesMetrics: Bool = true
        ) {
            self.admin = admin
            self.readiness = readiness
            self.metrics = metrics
            self.healthPath = healthPath
            self.servesMetrics = servesMetrics
        }
    }

    private static let secondsToListen = 5.0

    private let publicServer: HTTPServer
    private let adminServer: HTTPServer
    private let adminSocket: String
    private let place: String
    private let log: Logger
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// - Parameters:
    ///   - host: numeric, without brackets.
    ///   - adminSocket: path of the Unix socket, readable by this user only.
    package init(host: String, port: UInt16, adminSocket: String, sources: Sources, log: Logger) throws(HTTPFrontError)
    {
        place = "\(host):\(port)"
        self.adminSocket = adminSocket
        self.log = log
        do {
            publicServer =
                try host.contains(":")
                ? HTTPServer(address: .inet6(ip6: host, port: port), logger: .disabled)
                : HTTPServer(address: .inet(ip4: host, port: port), logger: .disabled)
        } catch {
            throw HTTPFrontError(description: "\(host) is no address for the metrics")
        }
        adminServer = HTTPServer(address: .unix(path: adminSocket), logger: .disabled)
        self.sources = sources
    }

    private let sources: Sources

    /// Returns once both addresses are served.
    package func start() async throws(HTTPFrontError) {
        await addPublicRoutes()
        await addAdminRoutes()
        // Only the owner of the data directory's lock comes here, so a file that is left over is nobody's.
        unlink(adminSocket)
        try await run(publicServer, name: "the metrics address \(place)")
        try await run(adminServer, name: "the admin socket \(adminSocket)")
        chmod(adminSocket, 0o600)
    }

    package func stop() async {
        await publicServer.stop()
        await adminServer.stop()
        unlink(adminSocket)
        tasks.withLock { tasks in
            for task in tasks { task.cancel() }
        }
    }

    /// The port that is served, where port 0 asked for any.
    package var port: UInt16? {
        get async {
            switch await publicServer.listeningAddress {
            case .ip4(_, let port), .ip6(_, let port): port
            default: nil
            }
        }
    }

    private func run(_ server: HTTPServer, name: String) async throws(HTTPFrontError) {
        let failure = Failure()
        let task = Task { [log] in
            do {
                try await server.run()
            } catch is CancellationError {
                return
            } catch {
                failure.reason.withLock { $0 = HTTPFront.reason(error) }
                log.debug("\(name) is no longer served: \(error)")
            }
        }
        tasks.withLock { $0.append(task) }
        let ended = Task { await task.value }
        let listening = Task { try? await server.waitUntilListening(timeout: HTTPFront.secondsToListen) }
        // Whichever comes first: a server that cannot bind ends at once.
        let end = Task {
            await ended.value
            listening.cancel()
        }
        await listening.value
        end.cancel()
        guard await server.isListening else {
            let reason = failure.reason.withLock { $0 }
            throw HTTPFrontError(description: "\(name) cannot be served: \(reason ?? "it did not start")")
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard case .failed(_, let code, _) = error as? SocketError else { return "\(error)" }
        return String(cString: strerror(code))
    }

    private final class Failure: Sendable {
        let reason = Mutex<String?>(nil)
    }

    private func addPublicRoutes() async {
        let sources = sources
        if sources.servesMetrics {
            await publicServer.appendRoute("GET /metrics") { _ in
                .paged(await sources.metrics(), contentType: "text/plain; version=0.0.4; charset=utf-8")
            }
        }
        for path in Set(["/healthz", sources.healthPath]) {
            await publicServer.appendRoute(HTTPRoute("GET,HEAD \(path)")) { _ in .plain("ok\n") }
        }
        await publicServer.appendRoute("GET,HEAD /readyz") { _ in
            guard let reason = await sources.readiness() else { return .plain("ok\n") }
            return .plain("not ready: \(reason)\n", status: .serviceUnavailable)
        }
    }

    private func addAdminRoutes() async {
        let admin = sources.admin
        await adminServer.appendRoute("GET /v1/status") { _ in try .json(await admin.status()) }
        await adminServer.appendRoute("GET /v1/snapshots") { _ in
            await .answering { try await admin.snapshots() }
        }
        await adminServer.appendRoute("POST /v1/rollback") { request in
            await .answering {
                guard let order = try? decode(AdminRollback.self, from: await request.bodyData) else {
                    throw AdminRefusal("the request is not the JSON of a rollback: {\"version\": …, \"reason\": …}")
                }
                return try await admin.rollback(order)
            }
        }
        await adminServer.appendRoute("POST /v1/resume") { request in
            await .answering {
                let body = try await request.bodyData
                guard let order = body.isEmpty ? AdminResume() : try? decode(AdminResume.self, from: body) else {
                    throw AdminRefusal("the request is not the JSON of a resume: {\"classGroup\": …}")
                }
                return try await admin.resume(order)
            }
        }
    }
}
