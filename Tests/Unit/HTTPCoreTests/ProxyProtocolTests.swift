import Testing

@testable import HTTPCore

private let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

private func binary(_ command: UInt8, _ family: UInt8, _ payload: [UInt8], length: Int? = nil) -> [UInt8] {
    let length = length ?? payload.count
    return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + payload
}

private let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB]
private let ipv6: [UInt8] =
    [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1] + Array(repeating: 0, count: 15) + [1]
    + [0xDC, 0x04, 0x01, 0xBB]

@Suite struct ProxyProtocolTests {
    private func parse(_ bytes: [UInt8]) -> ProxyProtocolParser.Outcome {
        bytes.withUnsafeBytes { ProxyProtocolParser.parse($0) }
    }

    private func describe(_ outcome: ProxyProtocolParser.Outcome) -> String {
        switch outcome {
        case .incomplete: return "incomplete"
        case .failed(let error): return "\(error)"
        case .complete(let count, nil): return "\(count) bytes"
        case .complete(let count, let addresses?):
            let (source, destination) = (addresses.source, addresses.destination)
            let groups = [source.high, source.low, destination.high, destination.low].map { String($0, radix: 16) }
            let ports = "\(addresses.sourcePort) \(addresses.destinationPort)"
            return "\(count) bytes \(addresses.isIPv6 ? "IPv6" : "IPv4") \(groups.joined(separator: " ")) \(ports)"
        }
    }

    private static let rows: [(bytes: [UInt8], expected: String)] =
        [
            (
                "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n",
                "45 bytes IPv4 c000020100000000 0 c633640700000000 0 56324 443"
            ),
            ("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\nGET", "44 bytes IPv4 0 0 ffffffff00000000 0 0 65535"),
            ("PROXY TCP6 2001:db8::1 ::1 56324 443\r\n", "38 bytes IPv6 20010db800000000 1 0 1 56324 443"),
            ("PROXY TCP6 :: 1:2:3:4:5:6:7:8 1 2\r\n", "35 bytes IPv6 0 0 1000200030004 5000600070008 1 2"),
            ("PROXY TCP6 1:: ::ffff:1.2.3.4 1 2\r\n", "35 bytes IPv6 1000000000000 0 0 ffff01020304 1 2"),
            (
                "PROXY TCP6 1:2:3:4:5:6:7:: 1::8 1 2\r\n",
                "37 bytes IPv6 1000200030004 5000600070000 1000000000000 8 1 2"
            ),
            ("PROXY UNKNOWN\r\n", "15 bytes"), ("PROXY UNKNOWN ffff::1 ::1 1 2\r\n", "31 bytes"),
        ].map { (Array($0.0.utf8), $0.1) } + [
            (binary(0x21, 0x11, ipv4), "28 bytes IPv4 c000020100000000 0 c633640700000000 0 56324 443"),
            (binary(0x21, 0x21, ipv6), "52 bytes IPv6 20010db800000000 1 0 1 56324 443"),
            (
                binary(0x21, 0x11, ipv4 + [4, 0, 1, 0]) + [71],
                "32 bytes IPv4 c000020100000000 0 c633640700000000 0 56324 443"
            ),
            (binary(0x20, 0x00, []), "16 bytes"), (binary(0x20, 0x11, ipv4), "28 bytes"),
            (binary(0x21, 0x00, [1, 2]), "18 bytes"),
            (binary(0x21, 0x31, Array(repeating: 7, count: 216)), "232 bytes"),
            (binary(0x21, 0x12, ipv4), "28 bytes"),
        ]

    @Test(arguments: rows)
    func `Both versions announce addresses, however they are cut`(bytes: [UInt8], expected: String) {
        #expect(describe(parse(bytes)) == expected)
        guard case .complete(let count, _) = parse(bytes) else { return }
        for length in 0..<count { #expect(parse(Array(bytes[..<length])) == .incomplete) }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", ProxyProtocolError.missingSignature), ("PUT", .missingSignature),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n", .malformedLine),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\rX", .malformedLine),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n", .malformedLine),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 1\r\n", .malformedLine),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n", .malformedPort),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n", .malformedPort),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 0443\r\n", .malformedPort),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n", .malformedPort),
        ("PROXY TCP4 192.0.2.256 198.51.100.7 1 2\r\n", .malformedAddress),
        ("PROXY TCP4 192.0.2.01 198.51.100.7 1 2\r\n", .malformedAddress),
        ("PROXY TCP4 192.0.2 198.51.100.7 1 2\r\n", .malformedAddress),
        ("PROXY TCP4 ::1 ::1 1 2\r\n", .malformedAddress), ("PROXY TCP6 1.2.3.4 ::1 1 2\r\n", .malformedAddress),
        ("PROXY TCP6 1::2::3 ::1 1 2\r\n", .malformedAddress), ("PROXY TCP6 1:2 ::1 1 2\r\n", .malformedAddress),
        ("PROXY TCP6 :1 ::1 1 2\r\n", .malformedAddress), ("PROXY TCP6 1: ::1 1 2\r\n", .malformedAddress),
        ("PROXY TCP6 12345:: ::1 1 2\r\n", .malformedAddress),
        ("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n", .malformedAddress),
        ("PROXY TCP6 1:2:3:4:5:6:7:8:: ::1 1 2\r\n", .malformedAddress),
        ("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", .malformedAddress),
        ("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", .malformedLine), ("PROXY TCP5 ::1 ::1 1 2\r\n", .malformedLine),
        ("PROXY unknown\r\n", .malformedLine), ("PROXY \r\n", .malformedLine),
        ("PROXY UNKNOWN " + String(repeating: "x", count: 100), .tooLong),
    ])
    func `Malformed lines are refused`(text: String, error: ProxyProtocolError) {
        #expect(parse(Array(text.utf8)) == .failed(error))
    }

    @Test(arguments: [
        (binary(0x11, 0x11, ipv4), ProxyProtocolError.unsupportedVersion),
        (binary(0x22, 0x11, ipv4), .unsupportedCommand),
        (binary(0x21, 0x11, Array(ipv4.dropLast())), .truncatedAddresses),
        (binary(0x21, 0x21, ipv4), .truncatedAddresses),
        (binary(0x21, 0x11, ipv4, length: 4_081), .tooLong),
        ([0x0D, 0x0A, 0x0D, 0x0A, 0x01], .missingSignature),
    ])
    func `Malformed binary headers are refused`(bytes: [UInt8], error: ProxyProtocolError) {
        #expect(parse(bytes) == .failed(error))
    }
}
