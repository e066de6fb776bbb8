@testable import HTTP2Core

/// Malformed messages (RFC 9113 §8.1.1), each a stream error.
extension ConformanceTests {
    private static let malformed = Outcome.streamError([HTTP2ErrorCode.protocolError])

    private static func request(_ fields: [(String, String)]) -> [RawFrame] { [.headers(fields, stream: 1)] }

    private static func get(_ extra: (String, String)...) -> [RawFrame] { [.get(stream: 1, extra: extra)] }

    static let messages: [Case] = [
        Case(
            "8.1", "a second HEADERS that does not end the stream", malformed,
            [
                .post(stream: 1), .headers([("x-check", "1")], stream: 1, ends: false),
            ]),
        Case(
            "8.1", "trailers", .fine,
            [.post(stream: 1), .data([1], stream: 1), .headers([("x-check", "1")], stream: 1)]),
        Case(
            "8.1", "pseudo-header fields in trailers", malformed,
            [.post(stream: 1), .headers([(":method", "GET")], stream: 1)]),
        Case(
            "8.1.1", "fewer bytes than Content-Length says", malformed,
            [
                .post(stream: 1, extra: [("content-length", "2")]), .data([1], stream: 1, ends: true),
            ]),
        Case(
            "8.1.1", "more bytes than Content-Length says", malformed,
            [
                .post(stream: 1, extra: [("content-length", "1")]), .data([1], stream: 1),
                .data([2], stream: 1, ends: true),
            ]),
        Case("8.1.1", "a Content-Length and no body", malformed, [.get(stream: 1, extra: [("content-length", "3")])]),
        Case(
            "8.1.1", "the bytes that Content-Length says", .fine,
            [
                .post(stream: 1, extra: [("content-length", "2")]), .data([1], stream: 1),
                .data([2], stream: 1, ends: true),
            ]),
        Case("8.1.1", "two Content-Lengths", malformed, get(("content-length", "0"), ("content-length", "0"))),
        Case("8.2.1", "a name in upper case", malformed, get(("X-Check", "1"))),
        Case("8.2.1", "a name with a space", malformed, get(("x check", "1"))),
        Case("8.2.1", "an empty name", malformed, get(("", "1"))),
        Case("8.2.1", "a name with a colon", malformed, get(("x:check", "1"))),
        Case("8.2.1", "a line feed in a value", malformed, get(("x-check", "1\nhost: evil"))),
        Case("8.2.1", "a carriage return in a value", malformed, get(("x-check", "1\rx"))),
        Case("8.2.1", "a zero byte in a value", malformed, get(("x-check", "1\0"))),
        Case("8.2.1", "a blank in front of a value", malformed, get(("x-check", " 1"))),
        Case("8.2.1", "a blank behind a value", malformed, get(("x-check", "1 "))),
        Case("8.2.2", "Connection", malformed, get(("connection", "close"))),
        Case("8.2.2", "Keep-Alive", malformed, get(("keep-alive", "1"))),
        Case("8.2.2", "Proxy-Connection", malformed, get(("proxy-connection", "close"))),
        Case("8.2.2", "Transfer-Encoding", malformed, get(("transfer-encoding", "chunked"))),
        Case("8.2.2", "Upgrade", malformed, get(("upgrade", "h2c"))),
        Case("8.2.2", "TE other than trailers", malformed, get(("te", "gzip"))),
        Case("8.2.2", "TE: trailers", .fine, get(("te", "trailers"))),
        Case("8.3", "an unknown pseudo-header field", malformed, get((":check", "1"))),
        Case("8.3", "a response's pseudo-header field", malformed, get((":status", "200"))),
        Case(
            "8.3", "a pseudo-header field behind another field", malformed,
            request([
                ("x-check", "1"), (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a"),
            ])),
        Case("8.3.1", "no :method", malformed, request([(":scheme", "http"), (":path", "/"), (":authority", "a")])),
        Case("8.3.1", "no :scheme", malformed, request([(":method", "GET"), (":path", "/"), (":authority", "a")])),
        Case("8.3.1", "no :path", malformed, request([(":method", "GET"), (":scheme", "http"), (":authority", "a")])),
        Case(
            "8.3.1", "an empty :path", malformed,
            request([(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "a")])),
        Case(
            "8.3.1", ":method twice", malformed,
            request([(":method", "GET"), (":method", "GET"), (":scheme", "http"), (":path", "/")])),
        Case(
            "8.3.1", ":path twice", malformed,
            request([(":method", "GET"), (":scheme", "http"), (":path", "/"), (":path", "/")])),
        Case(
            "8.3.1", ":scheme twice", malformed,
            request([(":method", "GET"), (":scheme", "http"), (":scheme", "http"), (":path", "/")])),
        Case(
            "8.3.1", ":path that is no path", malformed,
            request([(":method", "GET"), (":scheme", "http"), (":path", "x"), (":authority", "a")])),
        Case(
            "8.3.1", "neither :authority nor Host", malformed,
            request([(":method", "GET"), (":scheme", "http"), (":path", "/")])),
        Case(
            "8.3.1", "Host in place of :authority", .fine,
            request([(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a")])),
        Case(
            "8.5", "CONNECT with a path", malformed,
            request([(":method", "CONNECT"), (":path", "/"), (":authority", "a:1")])),
    ]
}
