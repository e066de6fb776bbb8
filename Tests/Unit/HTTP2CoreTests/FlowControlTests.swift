import Testing

@testable import HTTP2Core

/// Back-pressure both ways (RFC 9113 §5.2).
@Suite struct FlowControlTests {
    private func dataCount(_ frames: [RawFrame]) -> Int {
        frames.filter { $0.kind == RawFrame.Kind.data }.reduce(0) { $0 + $1.payload.count }
    }

    @Test func `a body stops where the stream's window ends and goes on with its credit`() {
        let server = RecordedSession.server()
        _ = server.take([.settings([(4, 10)]), .get(stream: 1)])
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        server.write(1, Array(0..<25), isLast: true)
        #expect(dataCount(server.output()) == 10)
        #expect(dataCount(server.take([.windowUpdate(5, stream: 1)])) == 5)
        #expect(!server.log.contains("drained 1"))
        let rest = server.take([.windowUpdate(100, stream: 1)])
        #expect(dataCount(rest) == 10)
        #expect(rest.last?.flags == RawFrame.endStream)
        #expect(server.log.contains("drained 1"))
        #expect(server.log.last == "closed 1 0")
    }

    @Test func `a smaller initial window makes a stream's window negative`() {
        let server = RecordedSession.server()
        _ = server.take([.settings([(4, 10)]), .get(stream: 1)])
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        server.write(1, Array(repeating: 1, count: 20), isLast: true)
        #expect(dataCount(server.output()) == 10)
        #expect(dataCount(server.take([.settings([(4, 2)]), .windowUpdate(8, stream: 1)])) == 0)
        #expect(dataCount(server.take([.windowUpdate(3, stream: 1)])) == 3)
    }

    @Test func `the connection's window holds all streams together`() {
        let server = RecordedSession.server()
        _ = server.take([.settings([(4, 1 << 20)]), .get(stream: 1), .get(stream: 3)])
        for stream: Int32 in [1, 3] {
            server.respond(stream, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
            server.write(stream, Array(repeating: 1, count: 60_000), isLast: true)
        }
        #expect(dataCount(server.output()) == 65_535)
        #expect(dataCount(server.take([.windowUpdate(1 << 20, stream: 0)])) == 120_000 - 65_535)
    }

    @Test func `a client gets no credit before its bytes have gone on`() {
        var limits = HTTP2Limits()
        limits.streamWindow = 32 << 10
        let server = RecordedSession.server(limits)
        server.consumes = false
        // 32 KiB in force from the acknowledgement of our settings on.
        _ = server.take([RawFrame(kind: RawFrame.Kind.settings, flags: RawFrame.acknowledges), .post(stream: 1)])
        let piece = RawFrame.data(Array(repeating: 7, count: 16_384), stream: 1)
        let silent = server.take([piece, piece])
        #expect(!silent.contains { $0.kind == RawFrame.Kind.windowUpdate })
        if let stream = server.streams[1] { server.session.consumed(stream, 32 << 10) }
        #expect(server.output().contains { $0.kind == RawFrame.Kind.windowUpdate && $0.stream == 1 })
        _ = server.take([piece, piece])
        let answer = server.take([piece])
        let error = answer.first { $0.kind == RawFrame.Kind.reset || $0.kind == RawFrame.Kind.goAway }
        #expect(error?.code == HTTP2ErrorCode.flowControlError)
    }

    /// A server that has answered a request of which the body is still on its way.
    private func early() -> (server: RecordedSession, answer: [RawFrame]) {
        let server = RecordedSession.server()
        _ = server.take([RawFrame(kind: RawFrame.Kind.settings, flags: RawFrame.acknowledges), .post(stream: 1)])
        server.respond(1, "HTTP/1.1 413 Content Too Large\r\n\r\n", isLast: false)
        server.write(1, [1, 2, 3], isLast: true)
        server.discards = true
        return (server, server.output())
    }

    @Test func `a response that is whole before its request lets the client finish`() {
        let (server, answer) = early()
        #expect(dataCount(answer) == 3)
        #expect(answer.last?.flags == 1)
        let late = server.take([.data([1], stream: 1), .data([1], stream: 1, ends: true), .get(stream: 3)])
        #expect(!late.contains { $0.kind == RawFrame.Kind.reset || $0.kind == RawFrame.Kind.goAway })
        #expect(server.log.contains("closed 1 0"))
        #expect(server.log.contains("request 3"))
    }

    @Test func `a client that sends on behind its response gets credit for other streams alone`() {
        let (server, _) = early()
        let piece = RawFrame.data(Array(repeating: 7, count: 16_384), stream: 1)
        let answer = (0..<40).flatMap { _ in server.take([piece]) }
        #expect(!answer.contains { $0.kind == RawFrame.Kind.windowUpdate && $0.stream == 1 })
        let refusal = answer.first { $0.kind == RawFrame.Kind.reset || $0.kind == RawFrame.Kind.goAway }
        #expect(refusal?.code == HTTP2ErrorCode.flowControlError)
        let (other, _) = early()
        #expect(!other.take(Array(repeating: piece, count: 8)).contains { $0.kind == RawFrame.Kind.reset })
        _ = other.take([.post(stream: 3)])
        let second = RawFrame.data(Array(repeating: 7, count: 16_384), stream: 3)
        #expect(!other.take(Array(repeating: second, count: 8)).contains { $0.kind == RawFrame.Kind.goAway })
    }

    @Test func `a client that neither ends nor sends is stopped when its time is over`() {
        let (server, _) = early()
        if let stream = server.streams[1] {
            #expect(stream.lingers)
            server.session.endLingering(stream)
        }
        #expect(server.output().first { $0.kind == RawFrame.Kind.reset }?.code == HTTP2ErrorCode.noError)
    }

    @Test func `output stops at its limit and goes on when it has been sent`() {
        var limits = HTTP2Limits()
        limits.outputBytes = 20_000
        let server = RecordedSession.server(limits)
        _ = server.take([.settings([(4, 1 << 20)]), .windowUpdate(1 << 20, stream: 0), .get(stream: 1)])
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        server.write(1, Array(repeating: 1, count: 100_000), isLast: true)
        #expect(server.session.output.count < 20_000 + 16_393)
        #expect(dataCount(server.output()) == 100_000)
    }

    @Test func `a stream without credit does not hold up another`() {
        var limits = HTTP2Limits()
        limits.outputBytes = 20_000
        let server = RecordedSession.server(limits)
        _ = server.take([.settings([(4, 100_000)]), .windowUpdate(1 << 20, stream: 0), .get(stream: 1)])
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        server.write(1, Array(repeating: 1, count: 150_000), isLast: false)
        #expect(dataCount(server.output()) == 100_000)
        _ = server.take([.get(stream: 3)])
        server.respond(3, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        server.write(3, [1, 2, 3], isLast: true)
        #expect(dataCount(server.output()) == 3)
    }
}
