import EventLoop
import HTTPCore
import Policies
import Testing

@Suite struct AddressBlocksTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3", "10.1.2.3", true),
        ("192.168.4.0/22", "192.168.7.255", true), ("192.168.4.0/22", "192.168.8.0", false),
        ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false), ("::/0", "::1", true),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("10.0.0.0/33", "10.0.0.1", false), ("nonsense", "10.0.0.1", false),
    ])
    func `a block holds its addresses`(block: String, address: String, isInside: Bool) throws {
        let address = try #require(SocketAddress(text: address, port: 0))
        #expect(AddressBlocks([block]).contains(address) == isInside)
    }
}

@Suite struct RequestIDTests {
    @Test func `identifiers are 32 hexadecimal digits and do not repeat`() {
        var generator = RequestIDGenerator()
        var seen: Set<String> = []
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { memory.deallocate() }
        for _ in 0..<1_000 {
            var writer = ByteWriter(memory)
            generator.write(to: &writer)
            let text = String(decoding: writer.written, as: UTF8.self)
            #expect(text.utf8.count == 32 && text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) })
            seen.insert(text)
        }
        #expect(seen.count == 1_000)
    }
}
