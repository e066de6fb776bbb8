import Testing

@testable import HTTP2Core

/// Field blocks and HTTP/1.1 text, both ways (RFC 9113 §8.2, §8.3).
@Suite struct TranslationTests {
    private func text(_ frames: [RawFrame]) -> String? {
        let server = RecordedSession.server()
        _ = server.take(frames)
        return server.heads[1]
    }

    @Test func `a request becomes HTTP 1 text`() {
        #expect(
            text([.get("/a?b=c", stream: 1, extra: [("user-agent", "test"), ("te", "trailers")])])
                == "GET /a?b=c HTTP/1.1\r\nhost: shop.example\r\nuser-agent: test\r\nte: trailers\r\n\r\n")
    }

    @Test func `crumbs of cookies become one field`() {
        let crumbs = [("cookie", "a=1"), ("x-between", "2"), ("cookie", "b=3"), ("cookie", "c=4")]
        #expect(
            text([.get(stream: 1, extra: crumbs)])
                == "GET / HTTP/1.1\r\nhost: shop.example\r\nx-between: 2\r\ncookie: a=1; b=3; c=4\r\n\r\n")
    }

    @Test func `a body of unknown length is chunked in the text, one of known length is not`() {
        #expect(
            text([.post(stream: 1)]) == "POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n")
        #expect(
            text([.post(stream: 1, extra: [("content-length", "3")])])
                == "POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 3\r\n\r\n")
    }

    @Test func `Host stands in for a missing authority`() {
        let fields = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("x-a", "1"), ("host", "other")]
        #expect(text([.headers(fields, stream: 1)]) == "GET / HTTP/1.1\r\nx-a: 1\r\nhost: other\r\n\r\n")
    }

    @Test func `a Host that repeats the authority is dropped, one that contradicts it refused`() {
        #expect(
            text([.get(stream: 1, extra: [("host", "shop.example")])]) == "GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n"
        )
        let server = RecordedSession.server()
        _ = server.take([.get(stream: 1, extra: [("host", "other.example")])])
        #expect(server.log.contains("refused 1 400"))
    }

    @Test func `extended CONNECT becomes an upgrade`() throws {
        let fields = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/chat"),
            (":authority", "shop.example"), ("sec-websocket-version", "13"), ("sec-websocket-key", "mine"),
        ]
        let head = try #require(text([.headers(fields, stream: 1, ends: false)]))
        #expect(
            head.hasPrefix("GET /chat HTTP/1.1\r\nhost: shop.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        #expect(head.contains("sec-websocket-version: 13\r\n"))
        #expect(!head.contains("mine"))
        let key = head.split(separator: "\r\n").first { $0.hasPrefix("sec-websocket-key: ") }
        #expect(key?.utf8.count == 19 + 24)
    }

    @Test func `extended CONNECT to another protocol is not implemented`() {
        let server = RecordedSession.server()
        let fields = [
            (":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "https"), (":path", "/"),
            (":authority", "a"),
        ]
        _ = server.take([.headers(fields, stream: 1, ends: false)])
        #expect(server.log.contains("refused 1 501"))
    }

    @Test(arguments: [
        [("x", String(repeating: "y", count: 9_000))],
        (0..<600).map { ("x-\($0)", "1") },
        (0..<20).map { ("x-\($0)", String(repeating: "y", count: 4_000)) },
    ])
    func `a head beyond the limits is refused with 431, and the connection goes on`(_ extra: [(String, String)]) {
        let server = RecordedSession.server()
        var payload = RawFrame.block(RawFrame.requestFields("GET", "/") + extra)
        var frames: [RawFrame] = []
        var kind = RawFrame.Kind.headers
        while !payload.isEmpty {
            let piece = Array(payload.prefix(16_384))
            payload.removeFirst(piece.count)
            let flags = (payload.isEmpty ? RawFrame.endHeaders : 0) | (frames.isEmpty ? RawFrame.endStream : 0)
            frames.append(RawFrame(kind: kind, flags: flags, stream: 1, payload: piece))
            kind = RawFrame.Kind.continuation
        }
        _ = server.take(frames + [.get(stream: 3)])
        #expect(server.log == ["refused 1 431", "end 1", "request 3", "end 3"])
    }

    @Test func `a response's connection fields stay behind and its names are in lower case`() {
        let pair = SessionPair()
        let identifier = pair.client.request("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: 1\r\n\r\n")
        pair.exchange()
        #expect(pair.server.heads[1] == "GET /x HTTP/1.1\r\nhost: a\r\nx-a: 1\r\n\r\n")
        pair.server.respond(
            1,
            "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\nX-B:  2 \r\n\r\n"
        )
        pair.exchange()
        #expect(identifier == 1)
        #expect(pair.client.heads[1] == "HTTP/1.1 204 \r\nx-b: 2\r\n\r\n")
        #expect(pair.client.log == ["response 1 204", "end 1", "closed 1 0"])
    }

    @Test func `interim responses come before the final one`() {
        let pair = SessionPair()
        _ = pair.client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        pair.exchange()
        pair.server.respond(1, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", isLast: false)
        pair.server.respond(1, "HTTP/1.1 200 OK\r\n\r\n")
        pair.exchange()
        #expect(pair.client.log == ["response 1 103", "response 1 200", "end 1", "closed 1 0"])
    }

    @Test func `trailers arrive behind the body, without those that may not come there`() {
        let pair = SessionPair()
        _ = pair.client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", takesTrailers: true)
        pair.exchange()
        #expect(pair.server.heads[1] == "GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n")
        pair.server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        pair.server.write(1, Array("body".utf8), isLast: false)
        let lines = Array("Grpc-Status: 0\r\nContent-Type: x\r\n".utf8)
        if let stream = pair.server.streams[1] {
            lines.withUnsafeBytes { pair.server.session.finish(stream, trailers: $0) }
        }
        pair.exchange()
        #expect(pair.client.bodies[1] == Array("body".utf8))
        #expect(pair.client.log == ["response 1 200", "trailers 1 grpc-status: 0\r\n", "end 1", "closed 1 0"])
    }
}
