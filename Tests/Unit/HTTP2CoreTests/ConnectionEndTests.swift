import Testing

@testable import HTTP2Core

/// GOAWAY both ways (RFC 9113 §6.8), and the client's side of a connection.
@Suite struct ConnectionEndTests {
    @Test func `a server that drains finishes what it took`() {
        let pair = SessionPair()
        _ = pair.client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        pair.exchange()
        pair.server.session.announceEnd()
        pair.exchange()
        #expect(pair.client.session.hasGoneAway)
        #expect(!pair.client.session.takesRequests)
        pair.server.session.takeNoMoreStreams()
        pair.exchange()
        pair.server.respond(1, "HTTP/1.1 200 OK\r\n\r\n")
        pair.exchange()
        #expect(pair.client.log.suffix(3) == ["response 1 200", "end 1", "closed 1 0"])
        #expect(pair.server.session.isOver)
    }

    @Test func `a request that the server did not take is closed as refused`() {
        let pair = SessionPair()
        pair.server.session.takeNoMoreStreams()
        _ = pair.client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        pair.exchange()
        #expect(pair.client.log.contains("closed 1 \(HTTP2ErrorCode.refusedStream)"))
    }

    @Test func `a client waits where the server takes no more streams at once`() {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 1
        let pair = SessionPair(server: limits)
        #expect(pair.client.session.remoteStreamLimit == 1)
        _ = pair.client.request("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = pair.client.request("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        pair.exchange()
        #expect(pair.server.heads[3] == nil)
        pair.server.respond(1, "HTTP/1.1 200 OK\r\n\r\n")
        pair.exchange()
        #expect(pair.server.heads[3] == "GET /2 HTTP/1.1\r\nhost: a\r\n\r\n")
    }

    @Test func `a body streams both ways at once`() {
        let pair = SessionPair()
        _ = pair.client.request("POST /s HTTP/1.1\r\nHost: a\r\n\r\n", hasBody: true)
        pair.exchange()
        pair.server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", isLast: false)
        for round: UInt8 in 0..<5 {
            pair.client.write(1, [round], isLast: round == 4)
            pair.server.write(1, [round, round], isLast: false)
            pair.exchange()
        }
        pair.server.write(1, [], isLast: true)
        pair.exchange()
        #expect(pair.server.bodies[1] == [0, 1, 2, 3, 4])
        #expect(pair.client.bodies[1] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
        #expect(pair.client.log.last == "closed 1 0")
        #expect(pair.server.log.last == "closed 1 0")
        #expect(pair.client.session.streamCount == 0)
        #expect(pair.server.session.streamCount == 0)
    }

    @Test func `a reset reaches the other side with its code`() {
        let pair = SessionPair()
        _ = pair.client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        pair.exchange()
        if let stream = pair.client.streams[1] { pair.client.session.reset(stream, HTTP2ErrorCode.cancel) }
        pair.exchange()
        #expect(pair.server.log.last == "closed 1 8")
    }
}
