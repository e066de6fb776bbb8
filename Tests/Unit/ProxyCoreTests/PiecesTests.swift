import Glibc
import PorticoModel
import Testing

@testable import ProxyCore

/// Messages cut anywhere: what comes out never depends on how the bytes arrived.
@Suite struct PiecesTests {
    private struct Random {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }

    private func send(_ text: String, over socket: TestSocket, _ random: inout Random) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = min(rest.count, 1 + random.below(random.below(4) == 0 ? 400 : 40))
            socket.send(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            if random.below(3) == 0 { usleep(300) }
        }
    }

    @Test(arguments: 1...24)
    func `messages in pieces come out whole`(seed: Int) throws {
        var random = Random(state: UInt64(seed))
        var policy = RoutePolicy()
        policy.buffersRequests = seed % 2 == 0
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        var upstream: TestSocket?
        for round in 0..<6 {
            let body = String(repeating: "b", count: random.below(300))
            let framed = chunked(body, &random)
            let request =
                round % 2 == 0
                ? "POST /\(round) HTTP/1.1\r\nHost: shop.example\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
                : "POST /\(round) HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n" + framed
            send(request, over: client, &random)
            let connection = try #require(upstream ?? worker.endpoints[0].accept())
            upstream = connection
            let received = connection.readMessage()
            #expect(received.firstLine == "POST /\(round) HTTP/1.1")
            #expect(plain(received) == body)
            let answer = String(repeating: "a", count: random.below(2_000))
            let response =
                random.below(2) == 0
                ? "HTTP/1.1 200 OK\r\nContent-Length: \(answer.utf8.count)\r\nX-Round: \(round)\r\n\r\n" + answer
                : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Round: \(round)\r\n\r\n"
                    + chunked(answer, &random)
            send(response, over: connection, &random)
            let answered = client.readMessage()
            #expect(answered.field("X-Round") == "\(round)")
            #expect(plain(answered) == answer)
        }
    }

    private func chunked(_ body: String, _ random: inout Random) -> String {
        var text = ""
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(1 + random.below(100))
            text += String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n"
            rest = rest.dropFirst(piece.count)
        }
        return text + "0\r\n\r\n"
    }

    /// The body without chunk framing; only letters are data here, and no size has one of them beyond `f`.
    private func plain(_ message: TestMessage) -> String {
        guard message.field("Transfer-Encoding") == "chunked" else { return message.body }
        var text = ""
        var lines = message.body.components(separatedBy: "\r\n")[...]
        while let size = lines.popFirst(), let count = Int(size, radix: 16), count > 0, let data = lines.popFirst() {
            text += data
        }
        return text
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}

@Suite struct OddRequestTests {
    @Test func `a pipelined request behind a body that goes to a file is kept`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        let get = "GET /next HTTP/1.1\r\nHost: shop.example\r\n\r\n"
        client.send(get)
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(client.readMessage().status == 200)
        let body = String(repeating: "z", count: 20_000)
        client.send("PUT / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 20000\r\n\r\n" + body + get)
        #expect(upstream.readMessage().body == body)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(upstream.readMessage().firstLine == "GET /next HTTP/1.1")
    }

    @Test(arguments: ["BAD\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: shop.example\r\n\r\n"])
    func `a malformed request that came in pieces ends its connection`(request: String) throws {
        let worker = try TestWorker()
        for cut in 1..<request.utf8.count {
            let client = try worker.client()
            client.send(String(decoding: Array(request.utf8)[..<cut], as: UTF8.self))
            usleep(1_000)
            client.send(String(decoding: Array(request.utf8)[cut...], as: UTF8.self))
            #expect(client.readToEnd().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        }
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } == 0)
    }

    @Test(arguments: ["GET / HT", "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 10\r\n\r\nabc"])
    func `a client that ends in the middle of its request is closed`(part: String) throws {
        let worker = try TestWorker()
        for _ in 0..<20 {
            let client = try worker.client()
            client.send(part)
            client.endSending()
            #expect(client.readToEnd() == "")
        }
    }

    @Test func `a body that came in whole with its head is read to its end`() throws {
        var policy = RoutePolicy()
        policy.maximumBodyBytes = 0
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        let body = String(repeating: "w", count: 200_000)
        let request = "PUT / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 200000\r\n\r\n" + body
        // Everything waits in the kernel before the worker looks.
        worker.inLoop { _ in
            client.send(request)
            usleep(20_000)
        }
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().body == body)
    }

    @Test func `HTTP/1.0 without a host goes to the default`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 404 Not Found\r\n"))
    }

    @Test func `a body that stops coming gets 408`() throws {
        let worker = try TestWorker { $0.clientBodyTimeoutMilliseconds = 50 }
        let client = try worker.client()
        client.send("POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nab")
        #expect(client.readMessage().status == 408)
    }

    @Test func `a client that goes away ends its request at the upstream`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        var reset = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        client.close()
        #expect(upstream.readToEnd() == "")
    }

    @Test func `a response that comes before the whole request is passed on`() throws {
        var policy = RoutePolicy()
        policy.buffersRequests = false
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        client.send("POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1000\r\n\r\nab")
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.read(until: "\r\n\r\nab")
        upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        let answer = client.readMessage()
        #expect(answer.status == 403)
        #expect(answer.field("Connection") == "close")
        #expect(answer.body == "no")
    }

    @Test func `connections over the limit are closed`() throws {
        let worker = try TestWorker { $0.maximumConnections = 1 }
        let first = try worker.client()
        first.send("GET / HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(first.readMessage().status == 404)
        let second = try worker.client()
        #expect(second.readToEnd() == "")
    }
}
