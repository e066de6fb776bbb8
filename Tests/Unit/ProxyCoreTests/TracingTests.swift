import EventLoop
import PorticoModel
import Testing

@testable import ProxyCore

@Suite struct TracingTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let incoming = "traceparent: 00-\(trace)-b7ad6b7169203331-01\r\ntracestate: vendor=1\r\n"

    private func worker(
        endpoints: Int = 1, trusts: Bool = true, name: String = "", _ change: (inout TracingSettings) -> Void = { _ in }
    ) throws -> TestWorker {
        var policy = RoutePolicy()
        policy.tracesRequests = true
        policy.trustsIncomingSpan = trusts
        if !name.isEmpty {
            var features = RouteFeatures()
            features.spanName = name
            policy.features = features
        }
        var tracing = TracingSettings()
        tracing.isExported = true
        change(&tracing)
        return try TestWorker(endpointCount: endpoints, policy: policy) { $0.tracing = tracing }
    }

    /// The head that the endpoint gets.
    private func ask(
        _ worker: TestWorker, _ fields: String = "", target: String = "/cart?id=1", status: String = "200 OK"
    ) throws -> TestMessage {
        let client = try worker.client()
        client.send("GET \(target) HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test\r\n\(fields)\r\n")
        let upstream = try #require(worker.endpoints[0].accept())
        let received = upstream.readMessage()
        upstream.send("HTTP/1.1 \(status)\r\nContent-Length: 2\r\n\r\nok")
        _ = client.readMessage()
        return received
    }

    private func spans(of worker: TestWorker) -> [Span] {
        worker.inLoop { worker in
            var taken: [Span] = []
            worker.core.spans.handOver {
                taken = $0
                return true
            }
            return taken
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func `a client's trace is continued, to the endpoint and in the spans`() throws {
        let worker = try worker()
        let received = try ask(worker, Self.incoming)
        let parent = try #require(received.field("traceparent"))
        #expect(received.field("tracestate") == "vendor=1")
        let spans = spans(of: worker)
        try #require(spans.count == 2)
        #expect(spans.allSatisfy { hexadecimal($0.traceID) == Self.trace })
        #expect(hexadecimal(spans[0].parentID) == "b7ad6b7169203331")
        #expect(spans[1].parentID == spans[0].spanID)
        #expect(parent == "00-\(Self.trace)-\(hexadecimal(spans[1].spanID))-01")
        #expect(spans.map(\.kind) == [.server, .client])
        #expect(spans[0].name == "GET /")
        #expect(spans[0].endNanoseconds >= spans[0].startNanoseconds)
        let attributes = Dictionary(uniqueKeysWithValues: spans[0].attributes.map { ($0.name, $0.value) })
        #expect(attributes["url.path"] == .text("/cart"))
        #expect(attributes["url.query"] == .text("id=1"))
        #expect(attributes["server.address"] == .text("shop.example"))
        #expect(attributes["user_agent.original"] == .text("test"))
        #expect(attributes["http.response.status_code"] == .number(200))
        #expect(attributes["ingress.name"] == .text("shop"))
    }

    @Test func `a client that is not trusted begins no trace`() throws {
        let worker = try worker(trusts: false)
        let received = try ask(worker, Self.incoming)
        #expect(received.field("traceparent")?.contains(Self.trace) == false)
        #expect(received.field("tracestate") == nil)
        #expect(spans(of: worker).first?.parentID == [])
    }

    @Test func `two words on the trace are none`() throws {
        let worker = try worker()
        let received = try ask(worker, Self.incoming + Self.incoming)
        #expect(received.field("traceparent")?.contains(Self.trace) == false)
    }

    @Test func `what is not sampled leaves no span, and says so to the endpoint`() throws {
        let worker = try worker { $0.sampler = .never }
        let received = try ask(worker)
        #expect(received.field("traceparent")?.hasSuffix("-00") == true)
        #expect(spans(of: worker).isEmpty)
    }

    @Test func `a span is named as the route says`() throws {
        let worker = try worker(name: "shop $request_method $uri")
        _ = try ask(worker)
        #expect(spans(of: worker).first?.name == "shop GET /cart")
    }

    @Test func `a failed request is an error of both spans`() throws {
        let worker = try worker()
        _ = try ask(worker, status: "503 No")
        #expect(spans(of: worker).map(\.isError) == [true, true])
    }

    @Test func `spans beyond the queue are dropped and counted`() throws {
        let worker = try worker { $0.maximumQueue = 1 }
        _ = try ask(worker)
        #expect(worker.inLoop { $0.core.spans.dropped } == 1)
        #expect(spans(of: worker).count == 1)
    }

    @Test func `without a collector the trace is carried on and nothing is kept`() throws {
        let worker = try worker { $0.isExported = false }
        let received = try ask(worker, Self.incoming)
        #expect(received.field("traceparent")?.contains(Self.trace) == true)
        #expect(spans(of: worker).isEmpty)
    }

    @Test func `a route that is not traced leaves the client's fields as they are`() throws {
        let worker = try TestWorker { $0.tracing.isExported = true }
        let received = try ask(worker, Self.incoming)
        #expect(received.field("traceparent") == "00-\(Self.trace)-b7ad6b7169203331-01")
        #expect(spans(of: worker).isEmpty)
    }
}
