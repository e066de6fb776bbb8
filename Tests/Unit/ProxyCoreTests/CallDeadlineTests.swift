import HTTP2Core
import HTTPCore
import PorticoModel
import Testing

@testable import ProxyCore

/// The time that callers of gRPC wait, and endpoints that say nothing.
@Suite struct CallDeadlineTests {
    private static func call(_ timeout: String) -> [String] {
        [
            "POST /shop.Cart/Add HTTP/1.1", "Host: shop.example", "Content-Type: application/grpc",
            "grpc-timeout: \(timeout)",
        ]
    }

    private func worker(_ change: (inout RoutePolicy) -> Void = { _ in }) throws -> TestWorker {
        var policy = RoutePolicy()
        policy.backendProtocol = .grpc
        change(&policy)
        return try TestWorker(policy: policy)
    }

    private func client(_ worker: TestWorker) throws -> TestHTTP2 { TestHTTP2(.client, try worker.client()) }

    private func endpoint(_ worker: TestWorker) throws -> TestHTTP2 {
        TestHTTP2(.server, try #require(worker.endpoints[0].accept()))
    }

    @Test(
        arguments: [
            ("1H", 3_600_000), ("2M", 120_000), ("3S", 3_000), ("40m", 40), ("1u", 1), ("1500u", 2), ("1n", 1),
            ("0m", 0),
            ("99999999H", UInt32.max), ("", nil), ("5", nil), ("S", nil), ("-1S", nil), ("1.5S", nil),
            ("123456789m", nil),
            ("1s", nil),
        ] as [(String, UInt32?)])
    func `a caller's time is read`(_ text: String, _ milliseconds: UInt32?) {
        #expect(Array(text.utf8).withUnsafeBytes { GRPCTimeout.milliseconds($0) } == milliseconds)
    }

    @Test func `a call that takes too long ends with its deadline, and the endpoint learns it`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call("30m"), body: "m")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        #expect(endpoint.head(request).field("grpc-timeout") == "30m")
        let answer = try #require(client.response(call))
        #expect(answer.status == 200)
        #expect(answer.field("grpc-status") == "4")
        endpoint.wait { endpoint.closed[request] != nil }
        #expect(endpoint.closed[request] == HTTP2ErrorCode.cancel)
        #expect(worker.inLoop { $0.core.counters.timeouts } == 1)
        // The connection goes on.
        let next = client.request(Self.call("1H"), body: "m")
        let second = try #require(endpoint.nextRequest())
        endpoint.respond(second, ["HTTP/1.1 200 OK"], body: "r", trailers: ["grpc-status: 0"])
        #expect(client.response(next)?.body == "r")
        #expect(client.trailers[next] == "grpc-status: 0\r\n")
    }

    @Test func `a response that has begun ends with the deadline's status`() throws {
        let worker = try worker()
        let client = try client(worker)
        let call = client.request(Self.call("200m"), body: "m")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        endpoint.respond(request, ["HTTP/1.1 200 OK"], body: "half", isLast: false)
        #expect(client.response(call)?.body == "half")
        #expect(client.trailers[call]?.hasPrefix("grpc-status: 4\r\n") == true)
        endpoint.wait { endpoint.closed[request] != nil }
        #expect(endpoint.closed[request] == HTTP2ErrorCode.cancel)
    }

    @Test func `a route with features refuses calls in gRPC's terms too`() throws {
        let worker = try worker {
            $0.features.access = AccessPolicy()
            $0.isWithheld = true
        }
        let client = try client(worker)
        let answer = try #require(client.response(client.request(Self.call("1H"), body: "m")))
        #expect(answer.status == 200)
        #expect(answer.field("grpc-status") == "14")
        #expect(answer.body.isEmpty)
    }

    @Test func `an endpoint that does not answer is asked whether it is there, and gets no calls until it says so`()
        throws
    {
        let worker = try worker { $0.readTimeoutMilliseconds = 30 }
        let client = try client(worker)
        let call = client.request(Self.call("1H"), body: "m")
        let endpoint = try endpoint(worker)
        let request = try #require(endpoint.nextRequest())
        #expect(client.response(call)?.field("grpc-status") == "14")
        // It has not read our question: the next call takes another connection.
        let second = client.get("/2")
        let other = try self.endpoint(worker)
        let two = try #require(other.nextRequest())
        other.respond(two, ["HTTP/1.1 200 OK"], body: "2")
        #expect(client.response(second)?.body == "2")
        // It answers the question, and is of use again.
        endpoint.wait { endpoint.closed[request] != nil }
        endpoint.flush()
        while worker.inLoop({ worker in
            let shared = worker.core.upstreams.upstream(named: "default-shop-80").endpoints[0]
            return (0..<shared.sharedCount).contains { index in
                let connection = shared.shared(at: index) as? UpstreamConnection
                return connection?.http2?.isInDoubt ?? false
            }
        }) {}
        #expect(worker.inLoop { $0.core.upstreams.upstream(named: "default-shop-80").endpoints[0].sharedCount } == 2)
    }
}
