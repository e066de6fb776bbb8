import PorticoModel
import Testing

@testable import TraceExport

@Suite struct SpanBufferTests {
    private func buffer(queue: Int = 10, batch: Int = 4, delay: Int = 100) -> SpanBuffer {
        var collector = TraceCollector(host: "collector", port: 4_318)
        (collector.maximumQueue, collector.maximumBatch, collector.delayMilliseconds) = (queue, batch, delay)
        return SpanBuffer(collector)
    }

    private func spans(_ count: Int) -> [Span] { (0..<count).map { Samples.span("span \($0)") } }

    @Test func `Spans wait for the delay or for a full batch`() {
        var buffer = buffer()
        buffer.add(spans(2), at: 1_000)
        #expect(buffer.next(at: 1_099) == nil)
        #expect(buffer.due == 1_100)
        buffer.add(spans(3), at: 1_050)
        #expect(buffer.next(at: 1_050)?.count == 4)
        buffer.finish(.delivered, at: 1_060)
        #expect(buffer.next(at: 1_060) == nil)
        #expect(buffer.next(at: 1_150)?.count == 1)
    }

    @Test func `What does not fit is dropped and counted`() {
        var buffer = buffer()
        buffer.add(spans(25), at: 0)
        #expect(buffer.counters.dropped == 15)
        #expect(buffer.next(at: 0)?.count == 4)
        buffer.add(spans(5), at: 0)
        #expect(buffer.counters.dropped == 16)
    }

    @Test func `A batch that fails is tried again after growing pauses, and given up`() {
        var buffer = buffer()
        buffer.add(spans(4), at: 0)
        var now: Int64 = 0
        var pauses: [Int64] = []
        while let batch = buffer.next(at: now) {
            #expect(batch.count == 4)
            buffer.finish(.failed, at: now)
            guard let due = buffer.due else { break }
            pauses.append(due - now)
            now = due
        }
        #expect(pauses == [1_000, 2_000, 4_000, 8_000])
        #expect(buffer.counters.failures == 5)
        #expect(buffer.counters.dropped == 4)
        #expect(buffer.isEmpty)
    }

    @Test func `What a collector refuses is not sent again`() {
        var buffer = buffer()
        buffer.add(spans(4), at: 0)
        _ = buffer.next(at: 0)
        buffer.finish(.refused, at: 0)
        #expect(buffer.isEmpty)
        #expect(buffer.counters.dropped == 4)
    }

    @Test func `At the end nothing is waited for`() {
        var buffer = buffer()
        buffer.add(spans(1), at: 0)
        #expect(buffer.next(at: 0, ends: true)?.count == 1)
    }

    @Test(arguments: [
        (200, SpanBuffer.Outcome.delivered), (202, .delivered), (400, .refused), (404, .refused), (429, .failed),
        (500, .refused), (503, .failed),
    ])
    func `The collector's status says what becomes of a batch`(status: Int, outcome: SpanBuffer.Outcome) {
        #expect(CollectorClient.outcome(of: status) == outcome)
    }

    @Test(arguments: [
        ("c.example", 4_318, "http://c.example:4318/v1/traces"), ("c", 4_317, "http://c:4318/v1/traces"),
        ("::1", 9_000, "http://[::1]:9000/v1/traces"),
    ])
    func `The collector's address makes its URL`(host: String, port: Int, url: String) {
        #expect(TraceCollector(host: host, port: UInt16(port)).url == url)
    }
}

enum Samples {
    static func span(_ name: String) -> Span {
        Span(
            traceID: Array(1...16), spanID: Array(1...8), parentID: [], kind: .server, name: name,
            startNanoseconds: 1_700_000_000_000_000_000, endNanoseconds: 1_700_000_000_005_000_000)
    }
}
