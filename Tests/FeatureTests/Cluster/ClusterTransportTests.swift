import Foundation
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import ProcessSupervision
import TestSupport
import Testing

/// The connection of a control plane with its API server.
@Suite struct ClusterTransportTests {
    private static let shop = Manifests.ingress("shop", host: "shop.test", service: "shop")
    private static let backend = Manifests.backend("shop", port: 8001)

    /// nghttpx in front of the API server: it ends TLS and HTTP/2, and logs how each request came.
    private final class HTTP2Front {
        let address: ListenAddress
        private let folder: TemporaryFolder
        private let program: RunningProgram

        init(_ server: TestAPIServer) throws {
            folder = try TemporaryFolder()
            address = try FreePort.take()
            let pair = server.certificates.server("front", alternatives: ["IP:127.0.0.1"])
            try folder.write(String(decoding: pair.certificate, as: UTF8.self), to: "tls.crt")
            try folder.write(String(decoding: pair.key, as: UTF8.self), to: "tls.key")
            program = try RunningProgram(
                "/usr/sbin/nghttpx",
                [
                    "--conf=/dev/null", "--workers=1", "--no-ocsp", "--frontend=\(address.host),\(address.port)",
                    "--backend=\(server.address.host),\(server.address.port)", "--accesslog-file=\(folder("log"))",
                    "--accesslog-format=$alpn $remote_port $request", folder("tls.key"), folder("tls.crt"),
                ])
            let address = address
            eventually("nghttpx listens: \(program.output)") { (try? RawConnection(to: address)) != nil }
        }

        /// The requests that have ended, by what they came over: `h2`, connection and request.
        var requests: [[String]] {
            folder.text(of: "log").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        }
    }

    @Test func `Where the API server offers HTTP/2, one connection carries lists and watches`() async throws {
        let server = try TestAPIServer.make { $0.usesTLS = false }
        let front = try HTTP2Front(server)
        var connection = ConnectionParameters(server: "https://\(front.address)")
        connection.bearerToken = "admin"
        connection.certificateAuthority = server.certificates.authority
        let plane = try await ClusterPlane(server, connection: connection, startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        try await plane.apply(Manifests.backend("shop", port: 8002))
        await worker.follow { $0.ports(of: "default-shop-80") == [8002] }
        // A watch that the server ends comes into the log, and goes on.
        server.cutConnections()
        try await plane.apply(Manifests.backend("shop", port: 8003))
        await worker.follow { $0.ports(of: "default-shop-80") == [8003] }
        await plane.stop()
        let requests = front.requests.filter { $0.count > 2 && $0[0] != "-" }
        #expect(requests.contains { $0[3].contains("/ingresses?limit") })
        #expect(requests.contains { $0[3].contains("watch=1") })
        #expect(Set(requests.map { $0[0] }) == ["h2"], "\(requests)")
        #expect(Set(requests.map { $0[1] }).count == 1, "\(requests)")
    }

    @Test func `With a limit on compilations, changes that come in between go together`() async throws {
        let server = try TestAPIServer.make()
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend], updatesPerSecond: 2)
        let worker = try await plane.worker()
        let (first, start) = (worker.version.sequence, ContinuousClock.now)
        for index in 0..<40 {
            try await plane.apply(Manifests.ingress("more-\(index)", host: "more-\(index).test", service: "shop"))
        }
        await worker.follow { $0.hosts.count == 41 }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        #expect(Double(worker.version.sequence - first) <= seconds * 2 + 1)
        await plane.stop()
    }
}
