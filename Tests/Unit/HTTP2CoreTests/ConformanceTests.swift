import Testing

@testable import HTTP2Core

/// What RFC 9113 demands of a receiver, as frames on the wire and the error they have to meet.
@Suite struct ConformanceTests {
    /// What the server has to do.
    enum Outcome: Equatable, Sendable {
        /// GOAWAY with one of these codes.
        case connectionError([UInt32])
        /// RST_STREAM with one of these codes, or GOAWAY: an endpoint may be stricter (§5.4.2).
        case streamError([UInt32])
        /// Nothing is wrong.
        case fine
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var section: String
        var what: String
        var frames: [RawFrame]
        var outcome: Outcome

        var testDescription: String { "\(section) \(what)" }

        init(_ section: String, _ what: String, _ outcome: Outcome, _ frames: [RawFrame]) {
            self.section = section
            self.what = what
            self.outcome = outcome
            self.frames = frames
        }
    }

    @Test(arguments: framing + states + frames + messages)
    func `a violation meets its error, and what is allowed passes`(_ row: Case) {
        let server = RecordedSession.server()
        let answer = server.take(row.frames) + server.take([RawFrame(kind: RawFrame.Kind.ping, payload: Array(1...8))])
        let goAway = answer.first { $0.kind == RawFrame.Kind.goAway }
        let reset = answer.first { $0.kind == RawFrame.Kind.reset }
        switch row.outcome {
        case .connectionError(let codes):
            #expect(goAway.map { codes.contains($0.code) } == true, "\(answer) \(server.log)")
        case .streamError(let codes):
            let code = reset?.code ?? goAway?.code
            #expect(code.map(codes.contains) == true, "\(answer) \(server.log)")
        case .fine:
            #expect(goAway == nil && reset == nil, "\(answer) \(server.log)")
            #expect(answer.contains { $0.kind == RawFrame.Kind.ping && $0.flags == RawFrame.acknowledges })
        }
    }

    private static let protocolError: [UInt32] = [HTTP2ErrorCode.protocolError]
    private static let streamClosed: [UInt32] = [HTTP2ErrorCode.streamClosed, HTTP2ErrorCode.protocolError]
    private static let frameSize: [UInt32] = [HTTP2ErrorCode.frameSizeError]
    private static let flowControl: [UInt32] = [HTTP2ErrorCode.flowControlError]

    private typealias Kind = RawFrame.Kind

    static let framing: [Case] = [
        Case("4.1", "unknown frame types are ignored", .fine, [RawFrame(kind: 0x16, stream: 1, payload: [1, 2])]),
        Case(
            "4.1", "undefined flags are ignored", .fine, [RawFrame(kind: Kind.ping, flags: 0xFE, payload: Array(0..<8))]
        ),
        Case(
            "4.1", "the reserved bit is ignored", .fine,
            [RawFrame(kind: Kind.ping, stream: 1 << 31, payload: Array(0..<8))]),
        Case(
            "4.2", "DATA of the largest size", .fine,
            [.post(stream: 1), .data(Array(repeating: 0, count: 16_384), stream: 1)]),
        Case(
            "4.2", "DATA above the largest size", .streamError(frameSize),
            [.post(stream: 1), .data(Array(repeating: 0, count: 16_385), stream: 1)]),
        Case(
            "4.2", "HEADERS above the largest size", .connectionError(frameSize),
            [
                .get(stream: 1, extra: [("a", String(repeating: "x", count: 17_000))])
            ]),
        Case(
            "4.3", "a field block that does not decode", .connectionError([HTTP2ErrorCode.compressionError]),
            [
                RawFrame(kind: Kind.headers, flags: 5, stream: 1, payload: [0x00, 0xFF, 0xFF])
            ]),
        Case(
            "4.3", "an index beyond the table", .connectionError([HTTP2ErrorCode.compressionError]),
            [
                RawFrame(kind: Kind.headers, flags: 5, stream: 1, payload: [0xFF, 0x00])
            ]),
        Case(
            "4.3", "a table larger than was announced", .connectionError([HTTP2ErrorCode.compressionError]),
            [
                RawFrame(kind: Kind.headers, flags: 5, stream: 1, payload: [0x3F, 0xE1, 0xFF, 0x03])
            ]),
        Case(
            "4.3", "PRIORITY inside a field block", .connectionError(protocolError),
            [
                .headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false),
                RawFrame(kind: Kind.priority, stream: 1, payload: [0, 0, 0, 0, 1]),
            ]),
        Case(
            "4.3", "HEADERS of another stream inside a field block", .connectionError(protocolError),
            [
                .headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false), .get(stream: 3),
            ]),
        Case(
            "4.3", "an unknown frame inside a field block", .connectionError(protocolError),
            [
                .headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false), RawFrame(kind: 0x16, stream: 1),
            ]),
    ]

    static let states: [Case] = [
        Case("5.1", "DATA on an idle stream", .connectionError(protocolError), [.data([1], stream: 1)]),
        Case("5.1", "RST_STREAM on an idle stream", .connectionError(protocolError), [.reset(stream: 1)]),
        Case("5.1", "WINDOW_UPDATE on an idle stream", .connectionError(protocolError), [.windowUpdate(1, stream: 1)]),
        Case(
            "5.1", "PRIORITY on an idle stream", .fine,
            [RawFrame(kind: Kind.priority, stream: 1, payload: [0, 0, 0, 0, 1])]),
        Case(
            "5.1", "CONTINUATION on an idle stream", .connectionError(protocolError),
            [RawFrame(kind: Kind.continuation, flags: 4, stream: 1)]),
        Case(
            "5.1", "DATA behind the end of the request", .streamError(streamClosed),
            [.get(stream: 1), .data([1], stream: 1)]),
        Case(
            "5.1", "HEADERS behind the end of the request", .streamError(streamClosed),
            [.get(stream: 1), .get(stream: 1)]),
        Case(
            "5.1", "CONTINUATION behind the end of the request", .streamError(streamClosed),
            [
                .get(stream: 1),
                RawFrame(kind: Kind.continuation, flags: 4, stream: 1, payload: RawFrame.block([("a", "b")])),
            ]),
        Case(
            "5.1", "WINDOW_UPDATE behind the end of the request", .fine, [.get(stream: 1), .windowUpdate(5, stream: 1)]),
        Case("5.1", "RST_STREAM behind the end of the request", .fine, [.get(stream: 1), .reset(stream: 1)]),
        Case(
            "5.1", "HEADERS on a stream that was reset", .streamError(streamClosed),
            [.get(stream: 1), .reset(stream: 1), .get(stream: 1)]),
        Case(
            "5.1", "CONTINUATION on a stream that was reset", .connectionError(streamClosed),
            [
                .get(stream: 1), .reset(stream: 1), RawFrame(kind: Kind.continuation, flags: 4, stream: 1),
            ]),
        Case(
            "5.1", "WINDOW_UPDATE on a stream that was reset", .fine,
            [.get(stream: 1), .reset(stream: 1), .windowUpdate(5, stream: 1)]),
        Case("5.1.1", "a client's stream of even number", .connectionError(protocolError), [.get(stream: 2)]),
        Case(
            "5.1.1", "a stream of lower number than the last", .connectionError(streamClosed),
            [.get(stream: 5), .get(stream: 3)]),
        Case(
            "5.1.2", "more streams than allowed",
            .streamError([HTTP2ErrorCode.protocolError, HTTP2ErrorCode.refusedStream]),
            (0...128).map { .post(stream: UInt32($0) * 2 + 1) }),
        Case(
            "5.5", "an unknown extension frame between requests", .fine,
            [.get(stream: 1), RawFrame(kind: 0xEE, stream: 0), .get(stream: 3)]),
    ]

    static let frames: [Case] = [
        Case("6.1", "DATA on stream 0", .connectionError(protocolError), [.data([1], stream: 0)]),
        Case(
            "6.1", "padding as long as the payload", .connectionError(protocolError),
            [
                .post(stream: 1), RawFrame(kind: Kind.data, flags: 9, stream: 1, payload: [5, 1, 2]),
            ]),
        Case(
            "6.1", "padding within the payload", .fine,
            [
                .post(stream: 1), RawFrame(kind: Kind.data, flags: 9, stream: 1, payload: [2, 1, 0, 0]),
            ]),
        Case("6.2", "HEADERS on stream 0", .connectionError(protocolError), [.get(stream: 0)]),
        Case(
            "6.2", "HEADERS with too much padding", .connectionError(protocolError),
            [
                RawFrame(
                    kind: Kind.headers, flags: 13, stream: 1,
                    payload: [200] + RawFrame.block(RawFrame.requestFields("GET", "/")))
            ]),
        Case(
            "6.2", "HEADERS with padding", .fine,
            [
                RawFrame(
                    kind: Kind.headers, flags: 13, stream: 1,
                    payload: [2] + RawFrame.block(RawFrame.requestFields("GET", "/")) + [0, 0])
            ]),
        Case(
            "6.2", "HEADERS with priority", .fine,
            [
                RawFrame(
                    kind: Kind.headers, flags: 37, stream: 1,
                    payload: [0, 0, 0, 0, 9] + RawFrame.block(RawFrame.requestFields("GET", "/")))
            ]),
        Case(
            "6.3", "PRIORITY on stream 0", .connectionError(protocolError),
            [RawFrame(kind: Kind.priority, payload: [0, 0, 0, 0, 1])]),
        Case(
            "6.3", "PRIORITY of another length than 5", .streamError(frameSize),
            [
                .get(stream: 1), RawFrame(kind: Kind.priority, stream: 1, payload: [0, 0, 0, 0]),
            ]),
        Case("6.4", "RST_STREAM on stream 0", .connectionError(protocolError), [.reset(stream: 0)]),
        Case(
            "6.4", "RST_STREAM of another length than 4", .connectionError(frameSize),
            [
                .get(stream: 1), RawFrame(kind: Kind.reset, stream: 1, payload: [0, 0, 0]),
            ]),
        Case(
            "6.5", "SETTINGS acknowledged with a payload", .connectionError(frameSize),
            [RawFrame(kind: Kind.settings, flags: 1, payload: [0, 0, 0, 0, 0, 0])]),
        Case(
            "6.5", "SETTINGS on a stream", .connectionError(protocolError), [RawFrame(kind: Kind.settings, stream: 1)]),
        Case(
            "6.5", "SETTINGS of another length than a multiple of 6", .connectionError(frameSize),
            [RawFrame(kind: Kind.settings, payload: [0, 0, 0])]),
        Case("6.5.2", "ENABLE_PUSH other than 0 and 1", .connectionError(protocolError), [.settings([(2, 2)])]),
        Case(
            "6.5.2", "INITIAL_WINDOW_SIZE above the maximum", .connectionError(flowControl), [.settings([(4, 1 << 31)])]
        ),
        Case("6.5.2", "MAX_FRAME_SIZE below the minimum", .connectionError(protocolError), [.settings([(5, 16_383)])]),
        Case("6.5.2", "MAX_FRAME_SIZE above the maximum", .connectionError(protocolError), [.settings([(5, 1 << 24)])]),
        Case("6.5.2", "an unknown setting", .fine, [.settings([(0xFF, 1)])]),
        Case(
            "6.6", "PUSH_PROMISE from a client", .connectionError(protocolError),
            [
                .get(stream: 1),
                RawFrame(
                    kind: Kind.pushPromise, flags: 4, stream: 1,
                    payload: [0, 0, 0, 2] + RawFrame.block(RawFrame.requestFields("GET", "/"))),
            ]),
        Case(
            "6.7", "PING on a stream", .connectionError(protocolError),
            [RawFrame(kind: Kind.ping, stream: 1, payload: Array(0..<8))]),
        Case(
            "6.7", "PING of another length than 8", .connectionError(frameSize),
            [RawFrame(kind: Kind.ping, payload: Array(0..<6))]),
        Case(
            "6.8", "GOAWAY on a stream", .connectionError(protocolError),
            [RawFrame(kind: Kind.goAway, stream: 1, payload: Array(repeating: 0, count: 8))]),
        Case(
            "6.9", "WINDOW_UPDATE of 0 for the connection", .connectionError(protocolError),
            [.windowUpdate(0, stream: 0)]),
        Case(
            "6.9", "WINDOW_UPDATE of 0 for a stream", .streamError(protocolError),
            [.get(stream: 1), .windowUpdate(0, stream: 1)]),
        Case(
            "6.9", "WINDOW_UPDATE of another length than 4", .connectionError(frameSize),
            [RawFrame(kind: Kind.windowUpdate, payload: [0, 0, 1])]),
        Case(
            "6.9.1", "a connection window above the maximum", .connectionError(flowControl),
            [
                .windowUpdate((1 << 31) - 1, stream: 0), .windowUpdate((1 << 31) - 1, stream: 0),
            ]),
        Case(
            "6.9.1", "a stream window above the maximum", .streamError(flowControl),
            [
                .get(stream: 1), .windowUpdate((1 << 31) - 1, stream: 1), .windowUpdate((1 << 31) - 1, stream: 1),
            ]),
        Case(
            "6.9.2", "settings that push a stream's window above the maximum", .streamError(flowControl),
            [
                .get(stream: 1), .windowUpdate((1 << 31) - 65_536, stream: 1), .settings([(4, 1 << 30)]),
            ]),
        Case(
            "6.10", "CONTINUATION on stream 0", .connectionError(protocolError),
            [
                .headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false),
                RawFrame(kind: Kind.continuation, flags: 4, stream: 0),
            ]),
        Case(
            "6.10", "CONTINUATION behind a whole field block", .connectionError(protocolError),
            [
                .post(stream: 1),
                RawFrame(kind: Kind.continuation, flags: 4, stream: 1, payload: RawFrame.block([("a", "b")])),
            ]),
        Case(
            "6.10", "CONTINUATION behind DATA", .connectionError(protocolError),
            [
                .post(stream: 1), .data([1], stream: 1), RawFrame(kind: Kind.continuation, flags: 4, stream: 1),
            ]),
        Case(
            "6.10", "a field block in several CONTINUATION frames", .fine,
            [
                .headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false),
                RawFrame(kind: Kind.continuation, stream: 1, payload: RawFrame.block([("a", "b")])),
                RawFrame(kind: Kind.continuation, flags: 4, stream: 1, payload: RawFrame.block([("c", "d")])),
            ]),
    ]
}
