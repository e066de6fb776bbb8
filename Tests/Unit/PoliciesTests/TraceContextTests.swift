import HTTPCore
import PorticoModel
import Testing

@testable import Policies

@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let valid = "00-\(trace)-b7ad6b7169203331-01"

    private func parse(_ text: String) -> TraceContext? {
        Array(text.utf8).withUnsafeBytes { TraceContext(traceParent: $0) }
    }

    private func text(_ write: (inout ByteWriter) -> Void) -> String {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { memory in
            var writer = ByteWriter(memory)
            write(&writer)
            return String(decoding: writer.written, as: UTF8.self)
        }
    }

    @Test func `a trace is continued under a span of its own`() throws {
        var generator = RequestIDGenerator(seed: 1)
        var context = try #require(parse(Self.valid))
        #expect(context.isSampled)
        #expect(context.parent == 0xb7ad_6b71_6920_3331)
        context.begin(by: TracingSettings(), &generator)
        #expect(text { context.writeTrace(to: &$0) } == Self.trace)
        let sent = text { context.writeTraceParent(to: &$0) }
        #expect(sent.hasPrefix("00-\(Self.trace)-"))
        #expect(sent.hasSuffix("-01"))
        #expect(!sent.contains("b7ad6b7169203331"))
        #expect(parse(sent)?.parent == context.attempt)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-b7ad6b7169203331", "ff-\(trace)-b7ad6b7169203331-01",
        "00-\(trace)-b7ad6b7169203331-01-x",
        "00-\(trace.uppercased())-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-\(trace)-0000000000000000-01", "00_\(trace)-b7ad6b7169203331-01", "0x-\(trace)-b7ad6b7169203331-01",
        "01-\(trace)-b7ad6b7169203331-01x",
    ])
    func `what is not well-formed is not there`(value: String) { #expect(parse(value) == nil) }

    @Test func `a later version is read as far as it is known`() {
        #expect(parse("cc-\(Self.trace)-b7ad6b7169203331-00-what-comes")?.isSampled == false)
    }

    @Test(arguments: [
        (TracingSettings.Sampler.always, true, nil, true), (.always, true, false, false), (.always, false, false, true),
        (.never, true, nil, false), (.never, true, true, true), (.never, false, true, false),
        (.ratio, true, true, true), (.ratio, true, nil, false), (.ratio, false, nil, false),
    ])
    func `the client's decision counts where it shall`(
        sampler: TracingSettings.Sampler, followsParent: Bool, parent: Bool?, isSampled: Bool
    ) {
        var settings = TracingSettings()
        settings.sampler = sampler
        settings.followsParent = followsParent
        settings.threshold = 0
        #expect(settings.samples(traceLow: 1, parent: parent) == isSampled)
    }

    @Test(arguments: [0.0, 0.25, 1.0])
    func `a share of the traces is recorded`(ratio: Double) {
        var settings = TracingSettings()
        settings.sampler = .ratio
        settings.threshold = TracingSettings.threshold(ratio: ratio)
        var generator = RequestIDGenerator(seed: 7)
        let sampled = (0..<4_000).count { _ in settings.samples(traceLow: generator.next(), parent: nil) }
        #expect(abs(Double(sampled) / 4_000 - ratio) < 0.03)
    }
}
