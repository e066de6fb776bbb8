import EventLoop
import PorticoModel
import Testing

@testable import StreamProxy

@Suite struct StreamProxyTests {
    @Test(arguments: [
        SocketHandover.Order.open(.init(.tcp, 9000)), .open(.init(.udp, 53)), .close(.init(.tcp, 65535)),
        .database(.city),
    ])
    func `An order reads back what it writes`(order: SocketHandover.Order) {
        #expect(SocketHandover.Order(order.bytes) == order)
    }

    @Test(arguments: [[], [1], [4, 1, 0, 1], [1, 9, 0, 1], [1, 1, 0, 1, 0]] as [[UInt8]])
    func `What is no order is ignored`(bytes: [UInt8]) {
        #expect(SocketHandover.Order(bytes) == nil)
    }

    @Test func `An endpoint is told who the client is`() throws {
        let client = try #require(SocketAddress(text: "192.0.2.1", port: 4000))
        let local = try #require(SocketAddress(text: "198.51.100.1", port: 9000))
        #expect(
            ProxyProtocolLine.text(nil, peer: client, local: local)
                == "PROXY TCP4 192.0.2.1 198.51.100.1 4000 9000\r\n")
        let other = try #require(SocketAddress(text: "2001:db8::1", port: 9000))
        #expect(ProxyProtocolLine.text(nil, peer: client, local: other) == "PROXY UNKNOWN\r\n")
    }
}
