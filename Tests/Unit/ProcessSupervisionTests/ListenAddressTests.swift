import Glibc
import ProcessSupervision
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::1]:80", "[::1]:80"), (":9000", "0.0.0.0:9000"),
        ("[::]:0", "[::]:0"),
    ])
    func `an address and port are read`(text: String, expected: String) {
        #expect(ListenAddress(text)?.description == expected)
    }

    @Test(arguments: [
        "", "8080", "localhost:80", "127.0.0.1", "127.0.0.1:65536", "::1:80", "[127.0.0.1]:80", "1.2.3:4",
    ])
    func `what is not a numeric address and a port is refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
    func `a group of sockets shares one port, which nobody else can take`(text: String) throws {
        let address = try #require(ListenAddress(text))
        let sockets = try ListeningSocket.openGroup(on: address, count: 3)
        defer { for socket in sockets { close(socket) } }
        let ports = Set(sockets.map { ListeningSocket.localAddress(of: $0, like: address).port })
        #expect(ports.count == 1)
        let taken = ListenAddress(host: address.host, port: try #require(ports.first))
        let error = #expect(throws: ListenError.self) { try ListeningSocket.openGroup(on: taken, count: 1) }
        #expect(error?.description == "\(taken) is in use by another program; give another port")
        #expect(throws: ListenError.self) { try ListeningSocket.check(taken) }
    }

    @Test func `an address of another machine is named as such`() throws {
        let address = try #require(ListenAddress("192.0.2.1:8080"))
        let error = #expect(throws: ListenError.self) { try ListeningSocket.check(address) }
        #expect(error?.description == "192.0.2.1:8080 is not an address of this machine")
    }
}
