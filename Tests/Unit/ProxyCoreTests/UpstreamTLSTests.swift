import Certificates
import KubernetesTestServer
import PorticoModel
import PorticoSnapshot
import ProcessSupervision
import TestSupport
import Testing

@testable import ProxyCore

/// Endpoints that speak TLS (`backend-protocol: HTTPS`, `GRPCS`, `AUTO_HTTP`).
@Suite struct UpstreamTLSTests {
    private let authority = TestCertificates()
    private var server: TestCertificates.Pair { authority.server("shop", alternatives: ["DNS:shop.internal"]) }

    /// A worker whose route speaks TLS with what stands before the test's endpoint.
    private func worker(
        _ options: TLSFront.Options = TLSFront.Options(), protocol backend: BackendProtocol = .https,
        objects: [LiveObject] = [], _ change: (inout UpstreamTLS) -> Void = { _ in }
    ) throws -> (worker: TestWorker, front: TLSFront) {
        var policy = RoutePolicy()
        policy.backendProtocol = backend
        policy.connectTimeoutMilliseconds = 300
        var settings = UpstreamTLS()
        change(&settings)
        if settings != UpstreamTLS() { policy.features.upstreamTLS = settings }
        let worker = try TestWorker(policy: policy)
        let front = try TLSFront(
            server, before: ListenAddress(host: "127.0.0.1", port: worker.endpoints[0].port), options)
        send(worker, to: [front])
        worker.inLoop { $0.apply(objects) }
        return (worker, front)
    }

    private func send(_ worker: TestWorker, to fronts: [TLSFront]) {
        let address = IPAddress(bytes: [127, 0, 0, 1])!
        let set = EndpointSet(
            upstream: "default-shop-80", endpoints: fronts.map { Endpoint(address: address, port: $0.address.port) })
        worker.inLoop { $0.apply(set) }
    }

    private func material(_ authority: TestCertificates, client: String) throws -> [LiveObject] {
        let pair = authority.client(client)
        let shown = try CheckedCertificate(chain: pair.certificate, key: pair.key).material
        let believed = try AuthorityReader.read(certificates: authority.authority, revocationLists: nil)
        return [
            LiveObject(.certificate, name: "default/peers", content: LiveObjectCodec.encode(shown)),
            LiveObject(.authorities, name: "default/peers", content: LiveObjectCodec.encode(believed)),
        ]
    }

    private static let request = "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"

    /// One request over the worker, answered by the endpoint.
    private func exchange(_ worker: TestWorker, over client: TestSocket, _ endpoint: TestSocket? = nil) throws
        -> TestSocket
    {
        client.send(Self.request)
        let endpoint = try #require(endpoint ?? worker.endpoints[0].accept())
        #expect(endpoint.readMessage().field("host") == "shop.example")
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(client.readMessage().body == "ok")
        return endpoint
    }

    @Test func `a request goes over TLS without a name and without belief, and its connection is kept`() throws {
        let (worker, front) = try worker()
        let client = try worker.client()
        let endpoint = try exchange(worker, over: client)
        _ = try exchange(worker, over: client, endpoint)
        #expect(front.handshakes.count == 1)
        let handshake = try #require(front.handshakes.first)
        #expect(handshake.serverName == nil && handshake.clientName == nil && handshake.version == "TLSv1.3")
        #expect(worker.inLoop { $0.core.counters.upstreamHandshakes } == 1)
    }

    @Test func `bodies of any length pass both ways`() throws {
        let (worker, _) = try worker()
        let client = try worker.client()
        let upload = (0..<700_000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        let text = String(decoding: upload, as: UTF8.self)
        client.send("POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: \(upload.count)\r\n\r\n")
        client.sendInBackground(upload)
        let endpoint = try #require(worker.endpoints[0].accept())
        #expect(endpoint.readMessage().body == text)
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: \(upload.count)\r\n\r\n")
        endpoint.sendInBackground(upload)
        #expect(client.readMessage().body == text)
    }

    @Test func `the name is sent and verified, and the client's certificate shown`() throws {
        var options = TLSFront.Options()
        options.clientAuthority = authority.authority
        let (worker, front) = try worker(options, objects: material(authority, client: "gateway")) { settings in
            (settings.secret, settings.verifies, settings.name) = ("default/peers", true, "shop.internal")
            settings.sendsServerName = true
        }
        _ = try exchange(worker, over: worker.client())
        #expect(front.handshakes.map(\.serverName) == ["shop.internal"])
        #expect(front.handshakes.map(\.clientName) == ["gateway"])
    }

    @Test(arguments: ["another authority", "another name", "no authority"])
    func `a certificate that does not verify is a bad gateway, and said to be`(fault: String) throws {
        let believed = fault == "another authority" ? TestCertificates(name: "another") : authority
        let objects = fault == "no authority" ? [] : try material(believed, client: "gateway")
        let (worker, _) = try worker(objects: objects) { settings in
            (settings.secret, settings.verifies) = ("default/peers", true)
            settings.name = fault == "another name" ? "till.internal" : "shop.internal"
        }
        let client = try worker.client()
        client.send(Self.request)
        #expect(client.readMessage().status == 502)
        let notices = worker.inLoop { $0.core.notices.take() }
        #expect(notices.count == 1 && notices[0].contains("certificate verify failed"), "\(notices)")
        let failures = worker.inLoop { $0.core.failures }
        #expect(failures.keys.map(\.reason) == ["tls"])
    }

    @Test func `an endpoint that is not believed is left for the next one`() throws {
        let (worker, front) = try worker(objects: material(authority, client: "gateway")) { settings in
            (settings.secret, settings.verifies) = ("default/peers", true)
            settings.name = "shop.internal"
        }
        let plain = ListenAddress(host: "127.0.0.1", port: worker.endpoints[0].port)
        let other = TestCertificates(name: "other").server("shop", alternatives: ["DNS:shop.internal"])
        send(worker, to: [front, try TLSFront(other, before: plain)])
        for _ in 0..<2 { try exchange(worker, over: worker.client()).close() }
        #expect(front.handshakes.count == 2)
        #expect(worker.inLoop { $0.core.counters.upstreamRetries } >= 1)
    }

    @Test func `a handshake takes no longer than connecting may`() throws {
        var options = TLSFront.Options()
        options.isSilent = true
        let (worker, _) = try worker(options)
        let client = try worker.client()
        client.send(Self.request)
        #expect(client.readMessage().status == 504)
    }

    @Test(arguments: [false, true])
    func `a session is resumed with the endpoint that gave it`(isTLS12: Bool) throws {
        var options = TLSFront.Options()
        options.isTLS12 = isTLS12
        let (worker, front) = try worker(options)
        for _ in 0..<2 {
            let client = try worker.client()
            let endpoint = try exchange(worker, over: client)
            endpoint.close()
            eventually("the pool is empty") { worker.inLoop { $0.core.counters.openUpstreamConnections } == 0 }
        }
        #expect(front.handshakes.map(\.isResumed) == [false, true])
        #expect(worker.inLoop { $0.core.counters.resumedUpstreamHandshakes } == 1)
    }

    @Test func `a changed Secret is for new connections, and no request is lost`() throws {
        var options = TLSFront.Options()
        options.clientAuthority = authority.authority
        let (worker, front) = try worker(options, objects: material(authority, client: "old")) { settings in
            settings.secret = "default/peers"
        }
        let client = try worker.client()
        client.send(Self.request)
        let first = try #require(worker.endpoints[0].accept())
        _ = first.readMessage()
        let renewed = try material(authority, client: "new")
        worker.inLoop { $0.apply(renewed) }
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(client.readMessage().body == "ok")
        _ = try exchange(worker, over: client)
        #expect(front.handshakes.map(\.clientName) == ["old", "new"])
    }

    @Test func `connections with different TLS never stand in for one another`() throws {
        var plain = RoutePolicy()
        plain.backendProtocol = .autoHTTP
        let worker = try TestWorker(policy: plain)
        // Over a plain connection, AUTO_HTTP is HTTP.
        let client = try worker.client()
        let endpoint = try exchange(worker, over: client)
        _ = try exchange(worker, over: client, endpoint)
        let pools = worker.inLoop { worker -> [Bool] in
            let endpoint = worker.core.upstreams.upstream(named: "default-shop-80").endpoints[0]
            let foreign = endpoint.takeIdle(pool: 7)
            return [foreign == nil, endpoint.idleCount == 1]
        }
        #expect(pools == [true, true])
    }

    @Test func `calls go over HTTP/2 that TLS has agreed upon`() throws {
        var options = TLSFront.Options()
        options.applicationProtocols = ["h2"]
        let (worker, front) = try worker(options, protocol: .grpcs)
        let client = TestHTTP2(.client, try worker.client())
        let call = client.request(
            ["POST /shop.Cart/Add HTTP/1.1", "Host: shop.example", "Content-Type: application/grpc"], body: "message")
        let endpoint = TestHTTP2(.server, try #require(worker.endpoints[0].accept()))
        let request = try #require(endpoint.nextRequest())
        endpoint.wait { endpoint.ended.contains(request) }
        #expect(endpoint.head(request).body == "message")
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: "reply", trailers: ["grpc-status: 0"])
        #expect(client.response(call)?.body == "reply")
        #expect(client.trailers[call] == "grpc-status: 0\r\n")
        #expect(front.handshakes.map(\.applicationProtocol) == ["h2"])
    }

    @Test func `a call fails with a status of its own where TLS fails`() throws {
        let (worker, _) = try worker(protocol: .grpcs) { $0.verifies = true }
        let client = TestHTTP2(.client, try worker.client())
        let call = client.request(
            ["POST /shop.Cart/Add HTTP/1.1", "Host: shop.example", "Content-Type: application/grpc"], body: "message")
        let answer = client.response(call)
        #expect(answer?.field("grpc-status") == "14", "\(String(describing: answer)) \(client.closed)")
        let notices = worker.inLoop { $0.core.notices.take() }
        #expect(notices.count == 1, "\(notices)")
    }
}
