import PorticoModel
import Testing

@testable import ProxyCore

/// Connections whose endpoints end TLS themselves (`ssl-passthrough`).
@Suite struct PassthroughTests {
    private func worker(_ change: (inout GlobalSettings) -> Void = { _ in }) throws -> TestWorker {
        var tls = VirtualHostTLS()
        tls.passthroughUpstream = "default-shop-80"
        return try TestWorker(tls: tls, change)
    }

    private func client(_ worker: TestWorker) throws -> TestSocket { try TestSocket.connect(port: worker.securePort) }

    /// A first message that names a host, or none.
    private func hello(_ name: String?) -> [UInt8] {
        func sized(_ bytes: [UInt8], _ lengthBytes: Int) -> [UInt8] {
            (0..<lengthBytes).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
        }
        let list = name.map { sized([0] + sized(Array($0.utf8), 2), 2) }
        let extensions = list.map { [0, 0] + sized($0, 2) } ?? []
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + sized([0x13, 0x01], 2) + [1, 0] + sized(extensions, 2)
        return [22, 3, 1] + sized([1] + sized(body, 3), 2)
    }

    private func bytes(_ socket: TestSocket, count: Int) -> [UInt8] {
        var received: [UInt8] = []
        while received.count < count, let more = socket.readBytes() { received += more }
        return received
    }

    @Test func `a connection goes to the endpoint as it is, and back`() throws {
        let worker = try worker()
        let client = try client(worker)
        let hello = hello("shop.example")
        client.send(hello)
        let endpoint = try #require(worker.endpoints[0].accept())
        #expect(bytes(endpoint, count: hello.count) == hello)
        endpoint.send("from the endpoint")
        #expect(client.read(count: 17) == "from the endpoint")
        client.send("from the client")
        #expect(endpoint.read(count: 15) == "from the client")
        #expect(worker.inLoop { $0.core.counters.openConnections } == 0)
        client.endSending()
        #expect(endpoint.readToEnd().isEmpty)
        endpoint.close()
        #expect(client.readToEnd().isEmpty)
        let counted = worker.inLoop { [$0.streams.passthrough.sessions, $0.streams.passthrough.sentBytes] }
        #expect(counted == [1, 17])
    }

    @Test func `a first message may come in pieces`() throws {
        let worker = try worker()
        let client = try client(worker)
        let hello = hello("SHOP.example.")
        for part in [hello[..<3], hello[3..<20], hello[20...]] {
            client.send(Array(part))
            // Each piece is looked at by itself.
            _ = worker.inLoop { $0.core.handshakes }
        }
        let endpoint = try #require(worker.endpoints[0].accept())
        #expect(bytes(endpoint, count: hello.count) == hello)
    }

    @Test func `whom the PROXY protocol names is not passed on`() throws {
        let worker = try worker { $0.usesProxyProtocol = true }
        let client = try client(worker)
        let hello = hello("shop.example")
        client.send(Array("PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n".utf8) + hello)
        let endpoint = try #require(worker.endpoints[0].accept())
        #expect(bytes(endpoint, count: hello.count) == hello)
    }

    @Test(arguments: [nil, "other.example"])
    func `other names, and none, end here`(name: String?) throws {
        let worker = try worker()
        let client = try client(worker)
        client.send(hello(name))
        // There is no certificate at all, so the handshake is refused: an alert.
        #expect(client.readBytes()?.first == 21)
        #expect(worker.inLoop { $0.streams.passthrough.sessions } == 0)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", "\u{16}\u{3}\u{1}nonsense of some length"])
    func `what is no first message of TLS goes nowhere`(text: String) throws {
        let worker = try worker()
        let client = try client(worker)
        client.send(text)
        client.endSending()
        _ = client.readToEnd()
        #expect(worker.inLoop { $0.streams.passthrough.sessions } == 0)
    }

    @Test func `a client that says too little in time is closed`() throws {
        let worker = try worker { $0.tls.handshakeTimeoutMilliseconds = 50 }
        let client = try client(worker)
        client.send(Array(hello("shop.example").prefix(30)))
        #expect(client.readToEnd().isEmpty)
        #expect(worker.inLoop { [$0.core.counters.timeouts, UInt64($0.core.handshakes)] } == [1, 0])
    }

    @Test func `a worker that drains lets connections end`() throws {
        let worker = try worker()
        let client = try client(worker)
        client.send(hello("shop.example"))
        let endpoint = try #require(worker.endpoints[0].accept())
        _ = endpoint.readBytes()
        worker.inLoop { $0.drain(milliseconds: 60_000) }
        client.send("more")
        #expect(endpoint.read(count: 4) == "more")
        #expect(worker.inLoop { $0.streams.openSessions } == 1)
    }

    @Test func `without an endpoint the connection is closed`() throws {
        let worker = try worker()
        worker.inLoop { $0.removeEndpoints(of: "default-shop-80") }
        let client = try client(worker)
        client.send(hello("shop.example"))
        #expect(client.readToEnd().isEmpty)
        #expect(worker.inLoop { [$0.streams.passthrough.unservedSessions, $0.streams.openSessions] } == [1, 0])
    }
}
