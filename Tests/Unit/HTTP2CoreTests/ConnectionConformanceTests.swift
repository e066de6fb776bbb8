import Testing

@testable import HTTP2Core

/// What RFC 9113 and RFC 7541 demand over a connection's life: its beginning, acknowledgements, credit, compression, its
/// end.
@Suite struct ConnectionConformanceTests {
    private typealias Kind = RawFrame.Kind
    private typealias Case = ConformanceTests.Case

    private static let protocolError: [UInt32] = [HTTP2ErrorCode.protocolError]
    private static let compression: [UInt32] = [HTTP2ErrorCode.compressionError]
    private static let flowControl: [UInt32] = [HTTP2ErrorCode.flowControlError]

    private static func fields(_ bytes: [UInt8]) -> RawFrame {
        RawFrame(kind: Kind.headers, flags: 5, stream: 1, payload: bytes)
    }

    /// `:method: GET`, `:scheme: http`, `:path: /` by index, and an authority.
    private static let request: [UInt8] = [0x82, 0x86, 0x84, 0x01, 0x01, 0x61]

    private static let rows: [ConformanceTests.Case] = [
        Case(
            "4.3", "DATA inside a field block", .connectionError(protocolError),
            [.headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false), .data([1], stream: 1)]),
        Case(
            "4.3", "SETTINGS inside a field block", .connectionError(protocolError),
            [.headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false), .settings()]),
        Case(
            "4.2", "CONTINUATION above the largest size", .connectionError([HTTP2ErrorCode.frameSizeError]),
            [
                .headers(RawFrame.requestFields("GET", "/"), stream: 1, whole: false),
                RawFrame(kind: Kind.continuation, flags: 4, stream: 1, payload: Array(repeating: 0, count: 16_385)),
            ]),
        Case(
            // It may be an error, and need not be.
            "5.1", "DATA on a stream that was reset", .fine,
            [.post(stream: 1), .reset(stream: 1), .data([1], stream: 1), .data([2], stream: 1, ends: true)]),
        Case(
            "6.5.3", "an acknowledgement that nobody waits for", .fine,
            [RawFrame(kind: Kind.settings, flags: RawFrame.acknowledges)]),
        Case(
            "6.7", "an acknowledged PING that nobody sent", .fine,
            [RawFrame(kind: Kind.ping, flags: RawFrame.acknowledges, payload: Array(0..<8))]),
        Case("RFC 7541 6.1", "index 0", .connectionError(compression), [fields([0x80])]),
        Case(
            "RFC 7541 4.2", "a table size behind a field", .connectionError(compression),
            [fields(request + [0x20])]),
        Case(
            "RFC 7541 5.1", "an integer that never ends", .connectionError(compression),
            [fields([0x7F] + Array(repeating: 0xFF, count: 12))]),
        Case(
            "RFC 7541 5.2", "a string longer than the block", .connectionError(compression),
            [fields([0x00, 0x01, 0x61, 0x7E, 0x62])]),
        Case(
            "RFC 7541 5.2", "padding of a Huffman string that is not of ones", .connectionError(compression),
            [fields([0x00, 0x01, 0x61, 0x81, 0x18])]),
        Case(
            "RFC 7541 5.2", "the end of string within a Huffman string", .connectionError(compression),
            [fields([0x00, 0x01, 0x61, 0x84, 0xFF, 0xFF, 0xFF, 0xFF])]),
        Case("RFC 7541 2.3", "fields of the static table", .fine, [fields(request)]),
    ]

    @Test(arguments: rows)
    func `a violation meets its error, and what is allowed passes`(_ row: ConformanceTests.Case) {
        ConformanceTests().`a violation meets its error, and what is allowed passes`(row)
    }

    @Test func `3.4 a preface that settings do not follow is an error`() {
        let server = RecordedSession(.server)
        let answer = server.take(RawFrame.preface + RawFrame.get(stream: 1).bytes)
        #expect(answer.last { $0.kind == Kind.goAway }?.code == HTTP2ErrorCode.protocolError)
        #expect(server.heads.isEmpty)
    }

    @Test func `3.4 the server's own preface is its settings`() {
        let server = RecordedSession(.server)
        let first = server.output().first
        #expect(first?.kind == Kind.settings && first?.flags == 0)
    }

    @Test func `6.5.3 each settings frame is acknowledged, in order and before what follows it`() {
        let server = RecordedSession.server()
        let answer = server.take([.settings([(4, 100)]), RawFrame(kind: Kind.ping, payload: Array(1...8)), .settings()])
        let kinds = answer.filter { $0.flags == RawFrame.acknowledges }.map(\.kind)
        #expect(kinds.filter { $0 == Kind.settings }.count == 2)
        #expect(answer.first { $0.kind == Kind.settings }?.payload.isEmpty == true)
    }

    @Test func `6.7 a ping comes back with its bytes, and an acknowledged one does not`() {
        let server = RecordedSession.server()
        let answer = server.take([
            RawFrame(kind: Kind.ping, payload: Array(1...8)),
            RawFrame(kind: Kind.ping, flags: RawFrame.acknowledges, payload: Array(11...18)),
        ])
        let pings = answer.filter { $0.kind == Kind.ping }
        #expect(pings.map(\.payload) == [Array(1...8)])
        #expect(pings.allSatisfy { $0.flags == RawFrame.acknowledges })
    }

    @Test(arguments: [(4_096 as Int32, 1 << 20 as Int32), (1 << 20, 65_535)])
    func `6.9 a body beyond its credit is a flow control error, padding counted`(_ stream: Int32, _ connection: Int32) {
        var limits = HTTP2Limits()
        limits.streamWindow = stream
        limits.connectionWindow = connection
        let server = RecordedSession.server(limits)
        server.consumes = false
        let padded = RawFrame(
            kind: Kind.data, flags: RawFrame.padded, stream: 1,
            payload: [255] + Array(repeating: 0, count: 255 + 744))
        let count = Int(min(stream, connection)) / 1_000
        let answer = server.take(
            [RawFrame(kind: Kind.settings, flags: RawFrame.acknowledges), .post(stream: 1)]
                + Array(repeating: padded, count: count + 1))
        let code = answer.first { $0.kind == Kind.goAway || $0.kind == Kind.reset }?.code
        #expect(code == HTTP2ErrorCode.flowControlError)
    }

    @Test func `5.4.1 the last stream of a goodbye is the last that was looked at`() {
        let server = RecordedSession.server()
        let answer = server.take([.get(stream: 1), .get(stream: 7), .data([1], stream: 0)])
        let goodbye = answer.first { $0.kind == Kind.goAway }
        #expect(goodbye?.payload.prefix(4).elementsEqual([0, 0, 0, 7]) == true)
    }

    @Test func `6.8 a client that says goodbye still gets its answer`() {
        let server = RecordedSession.server()
        _ = server.take([.get(stream: 1), RawFrame(kind: Kind.goAway, payload: Array(repeating: 0, count: 8))])
        server.respond(1, "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n")
        #expect(server.output().contains { $0.kind == Kind.headers && $0.stream == 1 })
        #expect(server.log.contains("goaway 0"))
    }

    @Test func `6.5.2 no frame is larger than the client takes, nor the table that compresses`() {
        let server = RecordedSession.server()
        _ = server.take([.settings([(1, 0), (4, 1 << 20), (5, 20_000)]), .get(stream: 1)])
        server.respond(1, "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n", isLast: false)
        server.write(1, Array(repeating: 7, count: 60_000), isLast: true)
        let answer = server.output()
        #expect(answer.allSatisfy { $0.payload.count <= 20_000 })
        // The new size of the table comes first (RFC 7541 §4.2).
        #expect(answer.first { $0.kind == Kind.headers }?.payload.first == 0x20)
    }
}
