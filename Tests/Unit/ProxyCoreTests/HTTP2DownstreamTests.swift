import HTTP2Core
import PorticoModel
import Testing

@testable import ProxyCore

/// HTTP/2 clients in front of HTTP/1.1 endpoints.
@Suite struct HTTP2DownstreamTests {
    private func client(_ worker: TestWorker) throws -> TestHTTP2 { TestHTTP2(.client, try worker.client()) }

    @Test func `requests of one connection go on as HTTP 1 and come back`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        var upstream: TestSocket?
        for round in 1...3 {
            let stream = client.get("/a?b=\(round)", "X-Check: yes", "Cookie: a=1")
            if round == 1 { upstream = worker.endpoints[0].accept() }
            let request = try #require(upstream).readMessage()
            #expect(request.firstLine == "GET /a?b=\(round) HTTP/1.1")
            #expect(request.fields("Host") == ["shop.example"])
            #expect(request.field("x-check") == "yes")
            #expect(request.field("cookie") == "a=1")
            #expect(request.field("X-Forwarded-Proto") == "http")
            upstream?.send(
                "HTTP/1.1 200 OK\r\nServer: x\r\nX-Reply: \(round)\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nn\(round)"
            )
            let response = try #require(client.response(stream))
            #expect(response.status == 200)
            #expect(response.body == "n\(round)")
            #expect(response.field("x-reply") == "\(round)")
            #expect(response.field("server") == nil)
            #expect(response.field("connection") == nil)
            #expect(response.field("date") != nil)
        }
        #expect(worker.inLoop { $0.core.counters.requests } == 3)
    }

    @Test func `a chunked response loses its chunks`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.get("/")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n \r\n")
        upstream.send("5\r\nworld\r\n0\r\n\r\n")
        let response = try #require(client.response(stream))
        #expect(response.body == "hello world")
        #expect(response.field("transfer-encoding") == nil)
    }

    @Test(arguments: [1, 1_000])
    func `the trailers of a chunked response follow it`(_ piece: Int) throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.get("/")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        let response = Array(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 12\r\nX-Note: \r\n\r\n".utf8)
        for start in stride(from: 0, to: response.count, by: piece) {
            upstream.send(Array(response[start..<min(start + piece, response.count)]))
        }
        #expect(client.response(stream)?.body == "hi")
        #expect(client.trailers[stream] == "x-sum: 12\r\nx-note: \r\n")
        // Nothing of them is left for the connection's next response.
        let next = client.get("/2")
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        #expect(client.response(next)?.body == "x")
        #expect(client.trailers[next] == nil)
    }

    @Test func `a response that ends with its connection ends its stream`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.get("/")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        upstream.close()
        #expect(client.response(stream)?.body == "all of it")
        #expect(client.closed[stream] == HTTP2ErrorCode.noError)
    }

    @Test(arguments: [true, false])
    func `a body goes on, collected or as it comes`(_ buffers: Bool) throws {
        var policy = RoutePolicy()
        policy.buffersRequests = buffers
        let worker = try TestWorker(policy: policy)
        let client = try client(worker)
        let stream = client.request(["POST /up HTTP/1.1", "Host: shop.example"], body: "first ", isLast: false)
        var upstream = buffers ? nil : worker.endpoints[0].accept()
        client.write(stream, "second", isLast: true)
        if buffers { upstream = worker.endpoints[0].accept() }
        let request = try #require(upstream).readMessage()
        if buffers {
            #expect(request.body == "first second")
            #expect(request.field("Content-Length") == "12")
        } else {
            #expect(request.field("Transfer-Encoding") == "chunked")
            #expect(
                request.body.contains("first ") && request.body.contains("second")
                    && request.body.hasSuffix("0\r\n\r\n"))
        }
        upstream?.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(client.response(stream)?.status == 204)
    }

    @Test func `a large body and a large response pass under flow control`() throws {
        let worker = try TestWorker { $0.defaultPolicy.maximumBodyBytes = 0 }
        let client = try client(worker)
        let text = String(repeating: "0123456789", count: 100_000)
        let stream = client.request(["POST /up HTTP/1.1", "Host: shop.example", "Content-Length: 1000000"], body: text)
        // The body leaves only as the worker gives credit for it.
        client.wait { client.streams[stream]?.queue.isEmpty ?? true }
        let upstream = try #require(worker.endpoints[0].accept())
        let request = upstream.readMessage()
        #expect(request.body == text)
        upstream.sendInBackground(Array("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n\(text)".utf8))
        #expect(client.response(stream)?.body == text)
    }

    @Test func `a client that takes nothing holds its upstream back, not its neighbours`() throws {
        let worker = try TestWorker(endpointCount: 1)
        let client = try client(worker)
        client.consumes = false
        let slow = client.get("/slow")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        let size = 8_000_000
        upstream.sendInBackground(
            Array("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n".utf8) + Array(repeating: 0x61, count: size))
        // The stream's window is 128 KiB of the connection's 1 MiB.
        client.wait { client.bodies[slow]?.utf8.count == 128 << 10 }
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } < 1 << 20)
        let fast = client.get("/fast")
        let other = try #require(worker.endpoints[0].accept())
        #expect(other.readMessage().firstLine == "GET /fast HTTP/1.1")
        other.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(client.response(fast)?.body == "ok")
        client.consumes = true
        if let stream = client.streams[slow] { client.session.consumed(stream, 128 << 10) }
        #expect(client.response(slow)?.body.utf8.count == size)
    }

    @Test func `a reset ends the request to the endpoint`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.get("/")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        client.reset(stream, HTTP2ErrorCode.cancel)
        #expect(upstream.readToEnd() == "")
        #expect(worker.inLoop { $0.core.counters.activeRequests } == 0)
    }

    @Test func `an endpoint that breaks off resets the stream`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.get("/")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        client.wait { client.bodies[stream] == "half" }
        upstream.close()
        client.wait { client.closed[stream] != nil }
        #expect(client.closed[stream] == HTTP2ErrorCode.internalError)
        #expect(client.goAwayCode == nil)
    }

    @Test func `the proxy's own answers are responses too`() throws {
        let worker = try TestWorker { $0.defaultPolicy.maximumBodyBytes = 5 }
        let client = try client(worker)
        let stray = client.request(["GET / HTTP/1.1", "Host: other"])
        #expect(client.response(stray)?.status == 404)
        let large = client.request(["POST / HTTP/1.1", "Host: shop.example"], body: "much too large")
        #expect(client.response(large)?.status == 413)
        let long = client.get("/", "X-Long: " + String(repeating: "y", count: 9_000))
        #expect(client.response(long)?.status == 431)
        let head = client.request(["HEAD / HTTP/1.1", "Host: other"])
        #expect(client.response(head)?.body == "")
        #expect(client.goAwayCode == nil)
    }

    @Test func `100 Continue and other interim responses arrive`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.request(
            ["POST / HTTP/1.1", "Host: shop.example", "Expect: 100-continue"], body: "", isLast: false)
        client.wait { client.heads[stream]?.count == 1 }
        #expect(client.head(stream).status == 100)
        client.write(stream, "body", isLast: true)
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().body == "body")
        upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(client.response(stream)?.status == 200)
        #expect(client.heads[stream]?.count == 3)
    }

    @Test func `a drain lets streams finish and takes no more`() throws {
        let worker = try TestWorker()
        let client = try client(worker)
        let stream = client.get("/")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        worker.inLoop { $0.drain(milliseconds: 5_000) }
        client.wait { client.goAwayCode != nil }
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(client.response(stream)?.body == "ok")
        #expect(client.goAwayCode == HTTP2ErrorCode.noError)
        // The connection ends by itself.
        #expect(!client.wait { false })
        client.socket.close()
        while worker.inLoop({ $0.core.counters.openConnections }) > 0 {}
    }

    @Test func `a connection ends after its number of requests`() throws {
        let worker = try TestWorker { $0.keepAliveRequests = 2 }
        let client = try client(worker)
        for _ in 1...2 { #expect(client.response(client.request(["GET / HTTP/1.1", "Host: other"]))?.status == 404) }
        client.wait { client.goAwayCode != nil }
        #expect(client.goAwayCode == HTTP2ErrorCode.noError)
    }

    @Test func `a preface in pieces is one, and without use-http2 it is a malformed request`() throws {
        let worker = try TestWorker()
        let socket = try worker.client()
        socket.send("PRI * HT")
        socket.send("TP/2.0\r\n\r\nSM")
        socket.send("\r\n\r\n")
        socket.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
        #expect(socket.readBytes() != nil)
        let plain = try TestWorker { $0.usesHTTP2 = false }
        let other = try plain.client()
        other.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        #expect(other.readToEnd().hasPrefix("HTTP/1.1 "))
    }

    @Test func `a websocket runs over a stream`() throws {
        let worker = try TestWorker()
        let socket = try worker.client()
        let fields: [(String, String)] = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
            (":authority", "shop.example"), ("sec-websocket-version", "13"),
        ]
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        socket.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0])
        socket.send([0, 0, UInt8(block.count), 1, 4, 0, 0, 0, 1] + block)
        let upstream = try #require(worker.endpoints[0].accept())
        let request = upstream.readMessage(hasBody: false)
        #expect(request.firstLine == "GET /chat HTTP/1.1")
        #expect(request.field("Upgrade") == "websocket")
        #expect(request.field("sec-websocket-key")?.utf8.count == 24)
        upstream.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhello"
        )
        socket.send([0, 0, 4, 0, 0, 0, 0, 0, 1] + Array("ping".utf8))
        #expect(upstream.read(count: 4) == "ping")
        upstream.send("pong")
        var received: [UInt8] = []
        while !String(decoding: received, as: UTF8.self).contains("pong"), let bytes = socket.readBytes() {
            received += bytes
        }
        let text = String(decoding: received, as: UTF8.self)
        #expect(text.contains("hello") && text.contains("pong"))
        // :status 200 from the static table.
        #expect(received.contains(0x88))
        // The end of either half ends the other's.
        socket.send([0, 0, 0, 0, 1, 0, 0, 0, 1])
        #expect(upstream.readToEnd() == "")
        upstream.close()
        var rest: [UInt8] = []
        while let bytes = socket.readBytes() {
            rest += bytes
            if rest.contains(1) { break }
        }
        #expect(!rest.isEmpty)
    }
}
