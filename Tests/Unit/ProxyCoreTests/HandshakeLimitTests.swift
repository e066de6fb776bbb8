import PorticoModel
import Testing

@testable import ProxyCore

/// How long handshakes may take, and how many there may be at once.
@Suite struct HandshakeLimitTests {
    /// The beginning of a first message.
    private static let beginning: [UInt8] = [22, 3, 1, 1, 0, 1]

    @Test func `more handshakes at once than there may be are refused, and plain HTTP is not`() throws {
        let worker = try TestWorker { $0.tls.maximumHandshakes = 1 }
        let first = try TestSocket.connect(port: worker.securePort)
        first.send(Self.beginning)
        while worker.inLoop({ $0.core.handshakes }) == 0 {}
        let second = try TestSocket.connect(port: worker.securePort)
        #expect(second.readToEnd().isEmpty)
        #expect(worker.inLoop { [$0.core.counters.refusedHandshakes, UInt64($0.core.handshakes)] } == [1, 1])

        let plain = try TestSocket.connect(port: worker.port)
        plain.send("GET / HTTP/1.1\r\nHost: nobody.example\r\n\r\n")
        #expect(plain.readMessage().status == 404)

        // The place is free again with the end of the first.
        first.close()
        while worker.inLoop({ $0.core.handshakes }) == 1 {}
        let third = try TestSocket.connect(port: worker.securePort)
        third.send(Self.beginning)
        while worker.inLoop({ $0.core.handshakes }) == 0 {}
        #expect(worker.inLoop { $0.core.counters.refusedHandshakes } == 1)
    }

    @Test func `a client that says nothing has the time of a handshake`() throws {
        let worker = try TestWorker { $0.tls.handshakeTimeoutMilliseconds = 50 }
        let client = try TestSocket.connect(port: worker.securePort)
        #expect(client.readToEnd().isEmpty)
        #expect(worker.inLoop { [$0.core.counters.timeouts, UInt64($0.core.handshakes)] } == [1, 0])
    }
}
