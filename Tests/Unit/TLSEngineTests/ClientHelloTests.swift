import TLSEngine
import Testing

@Suite struct ClientHelloTests {
    /// Bytes with their length in front.
    static func block(_ bytes: [UInt8], _ lengthBytes: Int) -> [UInt8] {
        (0..<lengthBytes).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
    }

    static func serverName(_ name: String) -> [UInt8] {
        [0, 0] + block(block([0] + block(Array(name.utf8), 2), 2), 2)
    }

    static func protocols(_ names: [String]) -> [UInt8] {
        [0, 16] + block(block(names.flatMap { block(Array($0.utf8), 1) }, 2), 2)
    }

    static func message(_ extensions: [UInt8]?) -> [UInt8] {
        var body: [UInt8] = [3, 3] + Array(repeating: 7, count: 32)
        body += block(Array(repeating: 9, count: 32), 1)
        body += block([0x13, 0x01, 0x13, 0x02], 2)
        body += block([0], 1)
        if let extensions { body += block(extensions, 2) }
        return [1] + block(body, 3)
    }

    static func records(_ message: [UInt8], of size: Int = 16_384) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start in
            [22, 3, 1] + block(Array(message[start..<min(start + size, message.count)]), 2)
        }
    }

    static func read(_ bytes: [UInt8]) -> ClientHelloReader.Outcome {
        bytes.withUnsafeBytes { ClientHelloReader.read($0) }
    }

    static func name(_ outcome: ClientHelloReader.Outcome) -> String? {
        guard case .complete(let hello) = outcome else { return nil }
        return String(decoding: hello.serverName, as: UTF8.self)
    }

    @Test(arguments: [16_384, 100, 7, 3, 1])
    func `The name and the protocols are found, however the message is cut into records`(size: Int) {
        let extensions = Self.protocols(["h2", "http/1.1"]) + Self.serverName("Shop.Example.COM.")
        let outcome = Self.read(Self.records(Self.message(extensions), of: size))
        #expect(Self.name(outcome) == "shop.example.com")
        guard case .complete(let hello) = outcome else { return }
        #expect(hello.offersHTTP2)
    }

    @Test func `Every prefix is incomplete`() {
        let bytes = Self.records(Self.message(Self.serverName("a.test")), of: 50)
        for count in 0..<bytes.count { #expect(Self.read(Array(bytes[..<count])) == .incomplete) }
        #expect(Self.name(Self.read(bytes + [23, 3, 3, 0, 1, 0])) == "a.test")
    }

    @Test func `A client may name nothing`() {
        #expect(Self.name(Self.read(Self.records(Self.message(nil)))) == "")
        #expect(Self.name(Self.read(Self.records(Self.message([])))) == "")
        #expect(Self.name(Self.read(Self.records(Self.message(Self.protocols(["http/1.1"]))))) == "")
    }

    static let faults: [(what: String, extensions: [UInt8])] = {
        var faults: [(what: String, extensions: [UInt8])] = []
        faults.append(("two names", serverName("a.test") + serverName("b.test")))
        faults.append(("two lists", protocols(["h2"]) + protocols(["h2"])))
        faults.append(("an empty name", serverName("")))
        faults.append(("a name with a zero byte", serverName("a\u{0}.test")))
        faults.append(("a name with a space", serverName("a b.test")))
        faults.append(("a name too long", serverName(String(repeating: "a", count: 256))))
        let behind: [UInt8] = [0, 0, 1, 97, 0, 0, 1, 98]
        faults.append(("a name behind the name", [0, 0] + block(block(behind, 2), 2)))
        let other: [UInt8] = [1, 0, 1, 97]
        faults.append(("a name of another type", [0, 0] + block(block(other, 2), 2)))
        faults.append(("an extension cut off", [0, 0, 0, 9, 0]))
        faults.append(("an extension without a length", [0, 43, 0]))
        return faults
    }()

    @Test(arguments: faults)
    func `What could be read in two ways is refused`(what: String, extensions: [UInt8]) {
        #expect(Self.read(Self.records(Self.message(extensions))) == .failed(.malformed), "\(what)")
    }

    @Test func `What is no client's first message is refused at once`() {
        #expect(Self.read(Array("GET / HTTP/1.1".utf8)) == .failed(.notHandshake))
        #expect(Self.read([22, 2]) == .failed(.notHandshake))
        #expect(Self.read([22, 3, 1, 0, 0]) == .failed(.malformed))
        #expect(Self.read([22, 3, 1, 0x40, 1]) == .failed(.malformed))
        #expect(Self.read([22, 3, 1, 0, 1, 2]) == .failed(.notClientHello))
        #expect(Self.read(Self.records([2, 0, 0, 1, 0], of: 2)) == .failed(.notClientHello))
    }

    @Test func `A message beyond the limit is refused before it is there`() {
        #expect(Self.read([22, 3, 1, 0, 9, 1, 1, 0, 0]) == .failed(.tooLong))
        let tiny = Self.records([1, 0, 0x40, 0] + Array(repeating: 0, count: 16_000), of: 3)
        #expect(Self.read(Array(tiny.prefix(ClientHelloReader.maximumBytes))) == .failed(.tooLong))
    }
}
