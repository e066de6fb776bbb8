import Logging
import PorticoModel
import ProcessSupervision
import Synchronization
import TestSupport
import Testing
import TraceExport

@Suite struct TraceExporterTests {
    private let exporter = TraceExporter(
        scope: "portico", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    private func collector(_ backend: ScriptedBackend) -> TraceCollector {
        var collector = TraceCollector(host: backend.address.host, port: backend.address.port)
        collector.serviceName = "edge"
        collector.delayMilliseconds = 1
        return collector
    }

    @Test func `A collector gets spans as its protocol has them`() throws {
        let backend = try ScriptedBackend(named: "")
        exporter.configure(collector(backend))
        var span = Samples.span("GET /")
        span.parentID = Array(9...16)
        span.isError = true
        span.attributes = [SpanAttribute("a", "b"), SpanAttribute("n", number: 503)]
        exporter.add([span])
        eventually("the span is exported") { exporter.counters.exported == 1 }
        exporter.stop()
        let request = try #require(backend.received.first)
        #expect(request.startLine == "POST /v1/traces HTTP/1.1")
        #expect(request["Content-Type"] == "application/x-protobuf")
        let found = try #require(try CollectedSpan.all(in: request.body).first)
        #expect(found.service == "edge")
        #expect(found.traceID == "0102030405060708090a0b0c0d0e0f10")
        #expect(found.spanID == "0102030405060708")
        #expect(found.parentID == "090a0b0c0d0e0f10")
        #expect(found.name == "GET /")
        #expect(found.kind == 2)
        #expect(found.nanoseconds == 5_000_000)
        #expect(found.isError)
        #expect(found.attributes == ["a": "b", "n": "503"])
    }

    @Test func `What waits at the end is still sent`() throws {
        let backend = try ScriptedBackend(named: "")
        var collector = collector(backend)
        collector.delayMilliseconds = 3_600_000
        exporter.configure(collector)
        exporter.add([Samples.span("last")])
        exporter.stop()
        #expect(try backend.received.flatMap { try CollectedSpan.all(in: $0.body) }.map(\.name) == ["last"])
    }

    @Test func `Without a collector spans go nowhere, and an end is quick without one that answers`() throws {
        exporter.add([Samples.span("nowhere")])
        #expect(exporter.counters == TraceExportCounters())
        let nobody = try FreePort.take()
        exporter.configure(TraceCollector(host: nobody.host, port: nobody.port))
        exporter.add([Samples.span("lost")])
        exporter.stop()
        #expect(exporter.counters.dropped == 1)
    }
}
