import Testing

@testable import HTTP2Core

/// What RFC 9113 demands of a client that an endpoint answers.
@Suite struct ClientConformanceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Nil where nothing is wrong.
        var codes: [UInt32]?
        var endsConnection = false
        var frames: [RawFrame]
    }

    private typealias Kind = RawFrame.Kind
    private static let protocolError: [UInt32] = [HTTP2ErrorCode.protocolError]

    private static func head(_ fields: [(String, String)], ends: Bool = false) -> RawFrame {
        .headers(fields, stream: 1, ends: ends)
    }

    static let rows: [Row] = [
        Row(testDescription: "a response", codes: nil, frames: [head([(":status", "200")], ends: true)]),
        Row(
            testDescription: "8.1 an interim response before the final one", codes: nil,
            frames: [head([(":status", "103")]), head([(":status", "200")], ends: true)]),
        Row(
            testDescription: "8.1 an interim response that ends the stream", codes: protocolError,
            frames: [head([(":status", "103")], ends: true)]),
        Row(
            testDescription: "8.1 DATA before a final response", codes: protocolError,
            frames: [head([(":status", "103")]), .data([1], stream: 1, ends: true)]),
        Row(
            testDescription: "8.1 DATA before any response", codes: protocolError,
            frames: [.data([1], stream: 1, ends: true)]),
        Row(
            testDescription: "8.1 a second final response", codes: protocolError,
            frames: [head([(":status", "200")]), head([(":status", "200")], ends: true)]),
        Row(
            testDescription: "8.1 trailers that do not end the stream", codes: protocolError,
            frames: [head([(":status", "200")]), head([("x-sum", "1")])]),
        Row(testDescription: "8.3.2 no :status", codes: protocolError, frames: [head([("a", "b")], ends: true)]),
        Row(
            testDescription: "8.3.2 :status twice", codes: protocolError,
            frames: [head([(":status", "200"), (":status", "200")], ends: true)]),
        Row(
            testDescription: "8.3.2 a :status that is no number", codes: protocolError,
            frames: [head([(":status", "2x0")], ends: true)]),
        Row(
            testDescription: "8.3 a request's pseudo-header field", codes: protocolError,
            frames: [head([(":status", "200"), (":path", "/")], ends: true)]),
        Row(
            testDescription: "8.6 101", codes: protocolError, frames: [head([(":status", "101")])]),
        Row(
            testDescription: "8.2.2 Connection", codes: protocolError,
            frames: [head([(":status", "200"), ("connection", "close")], ends: true)]),
        Row(
            testDescription: "8.1.1 fewer bytes than Content-Length says", codes: protocolError,
            frames: [head([(":status", "200"), ("content-length", "5")]), .data([1], stream: 1, ends: true)]),
        Row(
            testDescription: "8.1.1 more bytes than Content-Length says", codes: protocolError,
            frames: [head([(":status", "200"), ("content-length", "0")]), .data([1], stream: 1, ends: true)]),
        Row(
            testDescription: "8.4 a promise that was forbidden", codes: protocolError, endsConnection: true,
            frames: [RawFrame(kind: Kind.pushPromise, flags: 4, stream: 1, payload: [0, 0, 0, 2, 0x82])]),
        Row(
            testDescription: "6.5.2 a server that enables push", codes: protocolError, endsConnection: true,
            frames: [.settings([(2, 1)])]),
        Row(
            testDescription: "5.1.1 a response on a stream that nobody opened", codes: protocolError,
            endsConnection: true, frames: [.headers([(":status", "200")], stream: 3)]),
        Row(
            testDescription: "5.1.1 a stream of the server's", codes: protocolError, endsConnection: true,
            frames: [.headers([(":status", "200")], stream: 2)]),
    ]

    @Test(arguments: rows)
    func `a violation meets its error, and what is allowed passes`(_ row: Row) {
        let client = RecordedSession(.client)
        _ = client.take([.settings(), RawFrame(kind: Kind.settings, flags: RawFrame.acknowledges)])
        _ = client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = client.output()
        let answer = client.take(row.frames)
        let goodbye = answer.first { $0.kind == Kind.goAway }
        let code = answer.first { $0.kind == Kind.reset }?.code ?? goodbye?.code
        #expect(row.codes.map { code.map($0.contains) ?? false } ?? (code == nil), "\(answer) \(client.log)")
        if row.endsConnection { #expect(goodbye != nil) }
    }

    @Test func `6.8 calls beyond a goodbye's last stream were not looked at`() {
        let client = RecordedSession(.client)
        _ = client.take([.settings()])
        for _ in 0..<2 { _ = client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        _ = client.output()
        _ = client.take([RawFrame(kind: Kind.goAway, payload: [0, 0, 0, 1, 0, 0, 0, 0])])
        #expect(client.log.contains("closed 3 \(HTTP2ErrorCode.refusedStream)"))
        #expect(!client.log.contains { $0.hasPrefix("closed 1") })
        #expect(!client.session.takesRequests)
    }
}
