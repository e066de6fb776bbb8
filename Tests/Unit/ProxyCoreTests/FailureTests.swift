import EventLoop
import Glibc
import PorticoModel
import Routing
import Testing

@testable import ProxyCore

private func request(_ method: String = "GET", _ extra: String = "") -> String {
    "\(method) / HTTP/1.1\r\nHost: shop.example\r\n\(extra)\r\n"
}

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite struct RetryTests {
    @Test func `a request goes to the next endpoint when one closes without an answer`() throws {
        let worker = try TestWorker(endpointCount: 2)
        let client = try worker.client()
        client.send(request())
        // Round robin begins behind the worker's offset.
        let first = try #require(worker.endpoints[1].accept())
        _ = first.readMessage()
        first.close()
        let second = try #require(worker.endpoints[0].accept())
        #expect(second.readMessage().firstLine == "GET / HTTP/1.1")
        second.send(ok)
        #expect(client.readMessage().body == "ok")
    }

    @Test func `a request that is not idempotent is not repeated`() throws {
        let worker = try TestWorker(endpointCount: 2)
        let client = try worker.client()
        client.send(request("POST", "Content-Length: 2\r\n") + "hi")
        let first = try #require(worker.endpoints[1].accept())
        _ = first.readMessage()
        first.close()
        #expect(client.readMessage().status == 502)
    }

    @Test func `a stale pooled connection is replaced without a try being counted`() throws {
        var policy = RoutePolicy()
        policy.retryTries = 1
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        client.send(request())
        let first = try #require(worker.endpoints[0].accept())
        _ = first.readMessage()
        first.send(ok)
        #expect(client.readMessage().body == "ok")
        client.send(request())
        _ = first.readMessage()
        first.close()
        let second = try #require(worker.endpoints[0].accept())
        _ = second.readMessage()
        second.send(ok)
        #expect(client.readMessage().body == "ok")
        #expect(worker.inLoop { $0.core.counters.staleReplays } == 1)
    }

    @Test func `no endpoint is 503, a refused connection 502, silence 504`() throws {
        var policy = RoutePolicy()
        policy.readTimeoutMilliseconds = 50
        policy.retryTries = 1
        let worker = try TestWorker(policy: policy)
        let client = try worker.client()
        client.send(request())
        let upstream = worker.endpoints[0].accept()
        #expect(client.readMessage().status == 504)
        worker.inLoop { worker in
            worker.apply(
                EndpointSet(
                    upstream: "default-shop-80",
                    endpoints: [Endpoint(address: IPAddress(bytes: [127, 0, 0, 1])!, port: 1)]))
        }
        client.send(request())
        #expect(client.readMessage().status == 502)
        worker.inLoop { $0.removeEndpoints(of: "default-shop-80") }
        client.send(request())
        #expect(client.readMessage().status == 503)
        withExtendedLifetime(upstream) {}
    }

    @Test func `an invalid response is 502 and its connection is not used again`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
        #expect(client.readMessage().status == 502)
        #expect(upstream.readToEnd() == "")
    }

    @Test func `a response that is cut off ends the client's connection`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        upstream.close()
        #expect(client.readToEnd().hasSuffix("\r\n\r\nabc"))
    }

    @Test func `connections to a removed endpoint finish and are not used again`() throws {
        let worker = try TestWorker(endpointCount: 2)
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[1].accept())
        _ = upstream.readMessage()
        let port = worker.endpoints[0].port
        worker.inLoop { worker in
            worker.apply(
                EndpointSet(
                    upstream: "default-shop-80",
                    endpoints: [Endpoint(address: IPAddress(bytes: [127, 0, 0, 1])!, port: port)]))
        }
        upstream.send(ok)
        #expect(client.readMessage().body == "ok")
        #expect(upstream.readToEnd() == "")
    }
}

@Suite struct ConnectionTests {
    @Test func `draining ends idle connections and lets requests finish`() throws {
        let worker = try TestWorker()
        let idle = try worker.client()
        idle.send("GET / HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(idle.readMessage().status == 404)
        let busy = try worker.client()
        busy.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        worker.inLoop { $0.drain() }
        #expect(idle.readToEnd() == "")
        upstream.send(ok)
        let answer = busy.readMessage()
        #expect(answer.body == "ok")
        #expect(answer.field("Connection") == "close")
        #expect(busy.readToEnd() == "")
    }

    @Test func `an old table lives as long as its last request`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        worker.inLoop { worker in
            var builder = RoutingTable.Builder(previous: worker.routing)
            builder.remove(SectionName(kind: .virtualHost, name: "shop.example"))
            worker.apply(builder.build())
        }
        upstream.send(ok)
        #expect(client.readMessage().body == "ok")
        client.send(request())
        #expect(client.readMessage().status == 404)
    }

    @Test func `a head that does not come in time gets 408`() throws {
        let worker = try TestWorker { $0.clientHeaderTimeoutMilliseconds = 50 }
        let client = try worker.client()
        client.send("GET / HT")
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
    }

    @Test func `an idle connection is closed after the keep-alive timeout`() throws {
        let worker = try TestWorker { $0.keepAliveTimeoutMilliseconds = 50 }
        let client = try worker.client()
        client.send("GET / HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(client.readMessage().status == 404)
        #expect(client.readToEnd() == "")
    }

    @Test func `the last request of a connection says so`() throws {
        let worker = try TestWorker { $0.keepAliveRequests = 2 }
        let client = try worker.client()
        for connection in ["keep-alive", "close"] {
            client.send("GET / HTTP/1.1\r\nHost: other\r\n\r\n")
            #expect(client.readMessage().field("Connection") == connection)
        }
        #expect(client.readToEnd() == "")
    }

    @Test(arguments: [
        "PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\n",
        "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{0C}\u{0A}\u{01}\u{02}\u{03}\u{7F}\0\0\u{01}\u{10}\0\0\u{50}",
    ])
    func `the PROXY protocol names the client`(header: String) throws {
        let worker = try TestWorker { $0.usesProxyProtocol = true }
        let client = try worker.client()
        client.send(header + request())
        let upstream = try #require(worker.endpoints[0].accept())
        let address = header.hasPrefix("PROXY") ? "192.0.2.7" : "10.1.2.3"
        #expect(upstream.readMessage().field("X-Real-IP") == address)
    }

    @Test func `incoming forwarding fields are replaced unless they are believed`() throws {
        let fields = "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: front\r\n"
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(request("GET", fields + "Proxy: evil\r\nX_Under: 1\r\n"))
        let upstream = try #require(worker.endpoints[0].accept())
        let plain = upstream.readMessage()
        #expect(plain.fields("X-Forwarded-For") == ["127.0.0.1"])
        #expect(plain.fields("X-Forwarded-Proto") == ["http"])
        #expect(plain.fields("X-Forwarded-Host") == ["shop.example"])
        #expect(plain.fields("X-Original-Forwarded-For") == ["198.51.100.1"])
        #expect(plain.fields("Proxy").isEmpty)
        #expect(plain.fields("X_Under").isEmpty)
        let trusting = try TestWorker {
            $0.usesForwardedHeaders = true
            $0.computesFullForwardedFor = true
        }
        let other = try trusting.client()
        other.send(request("GET", fields))
        let second = try #require(trusting.endpoints[0].accept())
        let believed = second.readMessage()
        #expect(believed.field("X-Real-IP") == "198.51.100.1")
        #expect(believed.field("X-Forwarded-For") == "198.51.100.1, 127.0.0.1")
        #expect(believed.field("X-Forwarded-Proto") == "https")
        #expect(believed.field("Host") == "front")
    }

    @Test func `another header can name the client, and goes on as the original one`() throws {
        let worker = try TestWorker {
            $0.usesForwardedHeaders = true
            $0.forwardedForHeader = "CF-Connecting-IP"
        }
        let client = try worker.client()
        client.send(request("GET", "cf-connecting-ip: 198.51.100.9\r\nX-Forwarded-For: 203.0.113.5\r\n"))
        let upstream = try #require(worker.endpoints[0].accept())
        let received = upstream.readMessage()
        #expect(received.field("X-Real-IP") == "198.51.100.9")
        #expect(received.fields("X-Original-Forwarded-For") == ["198.51.100.9"])
        #expect(received.fields("X-Forwarded-For") == ["198.51.100.9"])
    }

    @Test func `the access log has ingress-nginx's format`() throws {
        let path = "/tmp/portico-access-\(getpid()).log"
        defer { unlink(path) }
        let worker = try TestWorker {
            $0.logsAccess = true
            $0.accessLogPath = path
        }
        let client = try worker.client()
        client.send(request("GET", "User-Agent: a\"b\r\nX-Request-ID: id1\r\nAuthorization: Basic Ym9iOng=\r\n"))
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send(ok)
        _ = client.readMessage()
        var text = ""
        for _ in 0..<400 where !text.hasSuffix("\n") {
            usleep(5_000)
            guard let file = fopen(path, "r") else { continue }
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = fread(&buffer, 1, buffer.count, file)
            text = String(decoding: buffer.prefix(count), as: UTF8.self)
            fclose(file)
        }
        let endpoint = "127.0.0.1:\(worker.endpoints[0].port)"
        #expect(text.hasPrefix("127.0.0.1 - bob ["))
        #expect(text.contains("] \"GET / HTTP/1.1\" 200 2 \"-\" \"a\\x22b\" "))
        #expect(text.contains(" [default-shop-80] [] \(endpoint) 2 0.0"))
        #expect(text.hasSuffix(" 200 id1\n"))
    }

    @Test func `the access log goes to a syslog server, a datagram for each line`() throws {
        let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(server) }
        let bound = SocketAddress.loopback(port: 0).withSocketAddress { bind(server, $0, $1) }
        #expect(bound == 0)
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let worker = try TestWorker {
            $0.logsAccess = true
            $0.accessLogPath = "syslog:127.0.0.1:\(Socket.localAddress(server).port)"
        }
        for name in ["one", "two"] {
            let client = try worker.client()
            client.send(request("GET", "User-Agent: \(name)\r\nConnection: close\r\n"))
            let upstream = try #require(worker.endpoints[0].accept())
            _ = upstream.readMessage()
            upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            _ = client.readMessage()
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = recv(server, &buffer, buffer.count, 0)
            let text = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
            #expect(text.hasPrefix("<190>") && text.contains(" nginx: 127.0.0.1 - - ["))
            #expect(text.contains("\"\(name)\"") && !text.contains("\n"))
        }
    }
}
