import Testing

@testable import HTTP2Core

/// Peers that make work for its own sake.
@Suite struct FloodTests {
    private func outcome(_ server: RecordedSession) -> (code: UInt32?, flood: FloodGuard.Flood?) {
        (server.output().first { $0.kind == RawFrame.Kind.goAway }?.code, server.session.flood)
    }

    @Test(arguments: [
        RawFrame(kind: RawFrame.Kind.ping, payload: Array(0..<8)),
        RawFrame.settings(),
        RawFrame(kind: RawFrame.Kind.priority, stream: 9, payload: [0, 0, 0, 0, 1]),
        RawFrame.data([], stream: 1),
    ])
    func `frames that carry nothing end the connection when there are too many`(_ frame: RawFrame) {
        let server = RecordedSession.server()
        _ = server.take([.post(stream: 1)])
        var answers: [RawFrame] = []
        for _ in 0..<30 where server.session.flood == nil {
            answers += server.take(Array(repeating: frame, count: 100))
        }
        #expect(server.session.flood == .emptyFrames)
        #expect(answers.first { $0.kind == RawFrame.Kind.goAway }?.code == HTTP2ErrorCode.enhanceYourCalm)
    }

    @Test func `a rapid reset is stopped, and as many over time are not`() {
        let hasty = RecordedSession.server()
        let patient = RecordedSession.server()
        for index in 0..<1_200 {
            let stream = UInt32(index) * 2 + 1
            let frames: [RawFrame] = [.get(stream: stream), .reset(stream: stream)]
            _ = hasty.take(frames)
            patient.milliseconds += 40
            _ = patient.take(frames)
        }
        #expect(hasty.session.flood == .resets)
        #expect(patient.session.flood == nil)
        #expect(patient.session.streamCount == 0)
    }

    @Test func `CONTINUATION without end is stopped`() {
        let server = RecordedSession.server()
        var answers = server.take([.headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false)])
        for _ in 0..<2_000 where server.isAlive && server.session.flood == nil {
            answers += server.take([RawFrame(kind: RawFrame.Kind.continuation, stream: 1)])
        }
        #expect(!server.isAlive || server.session.flood != nil)
        #expect(server.log.isEmpty)
    }

    @Test func `a field that HPACK repeats over and over is refused`() {
        let server = RecordedSession.server()
        // One field of 4,000 bytes into the table, then references to it.
        let value = String(repeating: "x", count: 3_000)
        let entry: [UInt8] = [
            0x40, 1, UInt8(ascii: "a"), 127, UInt8((3_000 - 127) & 127 | 128), UInt8((3_000 - 127) >> 7),
        ]
        let block =
            RawFrame.block(RawFrame.requestFields("GET", "/")) + entry + Array(value.utf8)
            + Array(repeating: 0xBE, count: 10_000)
        _ = server.take([RawFrame(kind: RawFrame.Kind.headers, flags: 5, stream: 1, payload: block)])
        #expect(server.log.first == "refused 1 431" || server.output().contains { $0.kind == RawFrame.Kind.goAway })
    }

    @Test func `overhead without bodies is stopped`() {
        var flooding = FloodGuard()
        var flood: FloodGuard.Flood?
        for _ in 0..<1_000 where flood == nil { flood = flooding.bytesCame(16 << 10) }
        #expect(flood == .overhead)
        var honest = FloodGuard()
        for _ in 0..<1_000 {
            honest.usefulBytesCame(16 << 10)
            #expect(honest.bytesCame(17 << 10) == nil)
        }
    }

    @Test func `a connection that does not begin with the preface ends`() {
        let server = RecordedSession(.server)
        _ = server.take(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(!server.isAlive)
    }

    @Test func `every cut of the same bytes gives the same events`() {
        let bytes =
            RawFrame.preface
            + [
                RawFrame.settings(), .post(stream: 1, extra: [("cookie", "a=b")]), .data(Array(0..<200), stream: 1),
                .headers([("x-check", "1")], stream: 1), .get("/b", stream: 3),
            ].flatMap(\.bytes)
        let whole = RecordedSession(.server)
        _ = whole.take(bytes)
        for size in [1, 2, 7, 50] {
            let cut = RecordedSession(.server)
            for start in stride(from: 0, to: bytes.count, by: size) {
                _ = cut.take(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(cut.log == whole.log)
            #expect(cut.heads == whole.heads)
            #expect(cut.bodies == whole.bodies)
        }
    }
}
