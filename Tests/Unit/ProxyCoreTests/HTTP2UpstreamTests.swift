import HTTP2Core
import PorticoModel
import Testing

@testable import ProxyCore

/// Endpoints that speak HTTP/2 (`backend-protocol: GRPC`).
@Suite struct HTTP2UpstreamTests {
    private static let call = ["POST /shop.Cart/Add HTTP/1.1", "Host: shop.example", "Content-Type: application/grpc"]

    private func worker(endpoints: Int = 1) throws -> TestWorker {
        var policy = RoutePolicy()
        policy.backendProtocol = .grpc
        return try TestWorker(endpointCount: endpoints, policy: policy)
    }

    private func client(_ worker: TestWorker) throws -> TestHTTP2 { TestHTTP2(.client, try worker.client()) }

    private func endpoint(_ worker: TestWorker, _ limits: HTTP2Limits = HTTP2Limits()) throws -> TestHTTP2 {
        TestHTTP2(.server, try #require(worker.endpoints[0].accept()), limits)
    }

    @Test func `a call with its trailers goes through`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call + ["TE: trailers"], body: "message")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.wait { endpoint.ended.contains(request) }
        let head = endpoint.head(request)
        #expect(head.firstLine == "POST /shop.Cart/Add HTTP/1.1")
        #expect(head.field("te") == "trailers")
        #expect(head.field("x-forwarded-proto") == "http")
        #expect(head.body == "message")
        endpoint.respond(
            request, ["HTTP/1.1 200 OK", "Content-Type: application/grpc"], body: "reply", trailers: ["grpc-status: 0"])
        #expect(client.response(call)?.body == "reply")
        #expect(client.trailers[call] == "grpc-status: 0\r\n")
        #expect(client.closed[call] == HTTP2ErrorCode.noError)
    }

    @Test func `an answer that is a head alone stays one`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call, body: "message")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.respond(request, ["HTTP/1.1 200 OK", "Content-Type: application/grpc", "grpc-status: 5"])
        #expect(client.response(call)?.field("grpc-status") == "5")
        #expect(client.bodies[call] == nil && client.trailers[call] == nil)
    }

    @Test func `both sides stream at once`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call, body: "one ", isLast: false)
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.wait { endpoint.bodies[request] == "one " }
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: "eins ", isLast: false)
        client.wait { client.bodies[call] == "eins " }
        client.write(call, "two", isLast: true)
        endpoint.wait { endpoint.bodies[request] == "one two" && endpoint.ended.contains(request) }
        endpoint.write(request, "zwei", isLast: true)
        #expect(client.response(call)?.body == "eins zwei")
    }

    @Test func `calls share a connection up to the endpoint's limit`() throws {
        let worker = try worker()
        let client = try client(worker)
        let first = client.get("/1")
        var limits = HTTP2Limits()
        limits.concurrentStreams = 2
        let endpoint = try endpoint(worker, limits)
        let one = try #require(endpoint.nextRequest())
        let second = client.get("/2")
        let two = try #require(endpoint.nextRequest())
        let third = client.get("/3")
        let other = try self.endpoint(worker)
        let three = try #require(other.nextRequest())
        other.respond(three, ["HTTP/1.1 200 OK"], body: "3")
        endpoint.respond(two, ["HTTP/1.1 200 OK"], body: "2")
        endpoint.respond(one, ["HTTP/1.1 200 OK"], body: "1")
        for (call, body) in [(first, "1"), (second, "2"), (third, "3")] { #expect(client.response(call)?.body == body) }
        #expect(worker.inLoop { $0.core.counters.upstreamConnects } == 2)
    }

    @Test(arguments: ["", "TE: gzip, Trailers ;q=1\r\n"])
    func `an HTTP 1 client gets chunks, and trailers where it takes them`(_ field: String) throws {
        let worker = try worker()
        let client = try worker.client()
        client.send("POST /x HTTP/1.1\r\nHost: shop.example\r\n\(field)Content-Length: 4\r\n\r\nbody")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.wait { endpoint.ended.contains(request) }
        #expect(endpoint.head(request).body == "body")
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: "reply", trailers: ["grpc-status: 0"])
        let head = client.read(until: "\r\n\r\n")
        #expect(head.contains("Transfer-Encoding: chunked\r\n"))
        #expect(client.read(until: "\r\n\r\n") == "5\r\nreply\r\n0\r\n\(field.isEmpty ? "" : "grpc-status: 0\r\n")\r\n")
    }

    @Test func `the trailers of a request reach the endpoint`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call, body: "message", isLast: false)
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        client.finish(call, trailers: "x-sum: 12\r\n")
        endpoint.wait { endpoint.ended.contains(request) }
        #expect(endpoint.bodies[request] == "message")
        #expect(endpoint.trailers[request] == "x-sum: 12\r\n")
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: "done")
        #expect(client.response(call)?.body == "done")
    }

    @Test func `the trailers of an HTTP 1 request reach the endpoint`() throws {
        let worker = try worker()
        let client = try worker.client()
        client.send("POST /x HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("2\r\nhi\r\n0\r\nX-Sum: 12\r\n\r\n")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.wait { endpoint.ended.contains(request) }
        #expect(endpoint.bodies[request] == "hi")
        #expect(endpoint.trailers[request] == "x-sum: 12\r\n")
    }

    @Test func `a call that the endpoint did not look at is made again`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.get("/again")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.reset(request, HTTP2ErrorCode.refusedStream)
        let second = try #require(endpoint.nextRequest())
        endpoint.respond(second, ["HTTP/1.1 200 OK"], body: "done")
        #expect(client.response(call)?.body == "done")
    }

    @Test func `an endpoint that leaves finishes its calls and gets no more`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.get("/1")
        let leaving = try endpoint(worker)
        let request = try #require(leaving.nextRequest())
        leaving.session.takeNoMoreStreams()
        leaving.flush()
        while worker.inLoop({ $0.core.upstreams.upstream(named: "default-shop-80").endpoints[0].sharedCount }) > 0 {}
        let next = client.get("/2")
        let other = try endpoint(worker)
        let second = try #require(other.nextRequest())
        other.respond(second, ["HTTP/1.1 200 OK"], body: "2")
        leaving.respond(request, ["HTTP/1.1 200 OK"], body: "1")
        #expect(client.response(call)?.body == "1")
        #expect(client.response(next)?.body == "2")
    }

    @Test func `a connection that breaks ends its calls`() throws {
        let worker = try worker()
        let client = try client(worker)
        let begun = client.request(Self.call, body: "m")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: "half", isLast: false)
        client.wait { client.bodies[begun] == "half" }
        let waiting = client.request(Self.call, body: "m")
        _ = endpoint.nextRequest()
        endpoint.socket.close()
        client.wait { client.closed[begun] != nil }
        #expect(client.closed[begun] == HTTP2ErrorCode.internalError)
        // Sent and not idempotent: it cannot be made again, and the caller learns that in gRPC's terms.
        let answer = try #require(client.response(waiting))
        #expect(answer.status == 200)
        #expect(answer.field("content-type") == "application/grpc")
        #expect(answer.field("grpc-status") == "14")
    }

    @Test func `no endpoint is status 14 for a call and 503 for others`() throws {
        let worker = try worker(endpoints: 0)
        let client = try client(worker)
        let call = try #require(client.response(client.request(Self.call, body: "m")))
        #expect(call.status == 200)
        #expect(call.field("grpc-status") == "14")
        #expect(call.field("grpc-message")?.hasPrefix("503") == true)
        #expect(client.response(client.get("/"))?.status == 503)
    }

    @Test func `a caller's reset reaches the endpoint`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call, body: "m", isLast: false)
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        client.reset(call, HTTP2ErrorCode.cancel)
        endpoint.wait { endpoint.closed[request] != nil }
        #expect(endpoint.closed[request] == HTTP2ErrorCode.cancel)
        #expect(worker.inLoop { $0.core.counters.activeRequests } == 0)
    }

    @Test func `large messages pass under flow control both ways`() throws {
        let worker = try worker()
        let client = try client(worker)
        let text = String(repeating: "0123456789", count: 90_000)
        let call = client.request(Self.call, body: text)
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        // Both ends are played by one thread: let them take turns.
        var rounds = 0
        while !endpoint.ended.contains(request), rounds < 1_000 {
            rounds += 1
            client.turn()
            endpoint.turn()
        }
        #expect(endpoint.bodies[request] == text)
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: text, trailers: ["grpc-status: 0"])
        while !client.ended.contains(call), rounds < 2_000 {
            rounds += 1
            endpoint.turn()
            client.turn()
        }
        #expect(client.bodies[call] == text)
        #expect(client.trailers[call] == "grpc-status: 0\r\n")
    }
}

/// Endpoints that are to be spoken to over TLS.
@Suite struct PlaintextTests {
    @Test(arguments: [BackendProtocol.https, .grpcs])
    func `nothing goes out in clear where TLS is asked for`(_ kind: BackendProtocol) throws {
        var policy = RoutePolicy()
        policy.backendProtocol = kind
        policy.retryConditions = []
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        client.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        let endpoint = try #require(worker.endpoints[0].accept())
        // A record of a handshake, and nothing after it.
        #expect(endpoint.readBytes()?.first == 22)
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(client.readMessage().status == 502)
    }
}
