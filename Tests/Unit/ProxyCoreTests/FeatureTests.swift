import EventLoop
import Glibc
import PorticoModel
import Testing

@testable import ProxyCore

private func request(_ method: String = "GET", _ extra: String = "", version: String = "1.1") -> String {
    "\(method) / HTTP/\(version)\r\nHost: shop.example\r\n\(extra)\r\n"
}

@Suite struct RequestBodyTests {
    @Test func `a chunked body is collected and sent with its length`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("POST", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n")
        client.send("6;x=y\r\n world\r\n0\r\nChecksum: 1\r\n\r\n")
        let upstream = try #require(worker.endpoints[0].accept())
        let received = upstream.readMessage()
        #expect(received.field("Content-Length") == "11")
        #expect(received.field("Transfer-Encoding") == nil)
        #expect(received.body == "hello world")
    }

    @Test(arguments: [8 << 10, 300 << 10])
    func `a body is collected in memory or in a file`(count: Int) throws {
        let worker = try TestWorker()
        let client = try worker.client()
        let body = String(repeating: "0123456789", count: count / 10)
        client.send(request("PUT", "Content-Length: \(body.utf8.count)\r\n") + body)
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().body == body)
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(client.readMessage(hasBody: false).status == 204)
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } == 0)
    }

    @Test func `a streamed body reaches the upstream before its end`() throws {
        var policy = RoutePolicy()
        policy.buffersRequests = false
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        client.send(request("POST", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n")
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.read(until: "3\r\nabc\r\n").contains("Transfer-Encoding: chunked\r\n"))
        client.send("1\r\nd\r\n0\r\n\r\n")
        #expect(upstream.read(until: "0\r\n\r\n") == "1\r\nd\r\n0\r\n\r\n")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(client.readMessage().status == 200)
    }

    @Test func `a streamed body of some size is passed on whole`() throws {
        var policy = RoutePolicy()
        policy.buffersRequests = false
        policy.maximumBodyBytes = 0
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        let body = [UInt8](repeating: 97, count: 3 << 20)
        client.send(request("POST", "Content-Length: \(body.count)\r\n"))
        client.sendInBackground(body)
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().body.utf8.count == body.count)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(client.readMessage().status == 200)
    }

    @Test func `the proxy itself answers an expectation`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("POST", "Content-Length: 2\r\nExpect: 100-continue\r\n"))
        #expect(client.readMessage(hasBody: false).firstLine == "HTTP/1.1 100 Continue")
        client.send("hi")
        let upstream = try #require(worker.endpoints[0].accept())
        let received = upstream.readMessage()
        #expect(received.body == "hi")
        #expect(received.field("Expect") == nil)
    }

    @Test(arguments: ["Content-Length: 20\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n14\r\n01234567890123456789"])
    func `a body over the limit gets 413`(rest: String) throws {
        var policy = RoutePolicy()
        policy.maximumBodyBytes = 10
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        client.send("POST / HTTP/1.1\r\nHost: shop.example\r\n" + rest)
        let answer = client.readMessage()
        #expect(answer.status == 413)
        #expect(answer.field("Connection") == "close")
    }

    @Test func `a malformed chunk gets 400`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("POST", "Transfer-Encoding: chunked\r\n") + "zz\r\n")
        #expect(client.readMessage().status == 400)
    }
}

@Suite struct ResponseTests {
    @Test func `a head in pieces is put together`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        for piece in ["HTTP/1.1 20", "0 Fine\r\nContent-Le", "ngth: 3\r\nX-A: b\r\n", "\r\nab", "c"] {
            upstream.send(piece)
            usleep(3_000)
        }
        let response = client.readMessage()
        #expect(response.firstLine == "HTTP/1.1 200 Fine")
        #expect(response.field("X-A") == "b")
        #expect(response.body == "abc")
    }

    @Test func `chunks and trailers are passed on, and the connection is used again`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n3\r\nabc\r\n")
        usleep(2_000)
        upstream.send("0\r\nSum: 1\r\n\r\n")
        #expect(client.readMessage(hasBody: false).field("Transfer-Encoding") == "chunked")
        #expect(client.read(until: "Sum: 1\r\n\r\n") == "3\r\nabc\r\n0\r\nSum: 1\r\n\r\n")
        client.send(request())
        #expect(upstream.readMessage().firstLine == "GET / HTTP/1.1")
    }

    @Test func `an HTTP/1.0 client gets chunks as plain data and the end`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request(version: "1.0"))
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().firstLine == "GET / HTTP/1.1")
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        let answer = client.readToEnd()
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nabcde"))
    }

    @Test func `a body until the end of the connection becomes chunks`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\n\r\nabc")
        upstream.endSending()
        #expect(client.readMessage().body == "3\r\nabc\r\n0\r\n\r\n")
    }

    @Test func `HEAD has no body though a length`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("HEAD") + request())
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().firstLine == "HEAD / HTTP/1.1")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        #expect(client.readMessage(hasBody: false).field("Content-Length") == "9")
        #expect(upstream.readMessage().firstLine == "GET / HTTP/1.1")
        upstream.send("HTTP/1.1 304 Not Modified\r\n\r\n")
        #expect(client.readMessage(hasBody: false).status == 304)
    }

    @Test func `early hints are passed on and 100 is not`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        let hints = client.readMessage(hasBody: false)
        #expect(hints.status == 103)
        #expect(hints.field("Link") == "a")
        #expect(client.readMessage().body == "x")
    }

    @Test func `a large response reaches a slow client whole`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        let count = 20 << 20
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
        upstream.sendInBackground([UInt8](repeating: 120, count: count))
        usleep(100_000)
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } <= 512 << 10)
        #expect(client.readMessage().body.utf8.count == count)
    }

    @Test func `pipelined requests are answered in order`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(String(repeating: request(), count: 40))
        let upstream = try #require(worker.endpoints[0].accept())
        for number in 1...40 {
            _ = upstream.readMessage()
            upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(10 + number)")
        }
        for number in 1...40 { #expect(client.readMessage().body == "\(10 + number)") }
    }

    @Test(arguments: [false, true])
    func `a client that ends its side while it waits cancels its request`(atOnce: Bool) throws {
        let worker = try TestWorker()
        let client = try worker.client()
        // The first request leaves a connection in the pool.
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(client.readMessage().body == "ok")
        if atOnce {
            // Request and end wait in the kernel before the worker looks.
            worker.inLoop { _ in
                client.send(request())
                client.endSending()
            }
        } else {
            client.send(request())
            _ = upstream.readMessage()
            client.endSending()
        }
        #expect(client.readToEnd() == "")
        _ = upstream.readToEnd()
        #expect(worker.inLoop { $0.core.counters.openUpstreamConnections } == 0)
        #expect(worker.inLoop { $0.core.statistics.compactMap { $0 }.flatMap(\.statuses).map(\.status) } == [200, 499])
    }

    @Test func `TRACE is not allowed, and the connection goes on`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("TRACE") + request("TRACE"))
        #expect(client.readMessage().status == 405)
        #expect(client.readMessage().status == 405)
    }
}

@Suite struct TunnelTests {
    @Test func `an upgrade carries bytes both ways and ends each way on its own`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\n"))
        let upstream = try #require(worker.endpoints[0].accept())
        let received = upstream.readMessage(hasBody: false)
        #expect(received.field("Connection") == "upgrade")
        #expect(received.field("Upgrade") == "websocket")
        upstream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        #expect(client.readMessage(hasBody: false).field("Upgrade") == "websocket")
        #expect(client.read(count: 5) == "hello")
        client.send("ping")
        #expect(upstream.read(count: 4) == "ping")
        client.endSending()
        #expect(upstream.readToEnd() == "")
        upstream.send("last")
        upstream.endSending()
        #expect(client.readToEnd() == "last")
    }
}
