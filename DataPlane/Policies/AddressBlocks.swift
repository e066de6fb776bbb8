import EventLoop

/// A set of CIDR blocks, as trusted proxies are given.
package struct AddressBlocks {
    private struct Block {
        var bytes: [UInt8]
        var prefix: Int

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            let whole = prefix / 8
            guard address[..<whole] == bytes[..<whole] else { return false }
            let rest = prefix % 8
            return rest == 0 || (address[whole] ^ bytes[whole]) >> UInt8(8 - rest) == 0
        }
    }

    private var blocks: [Block] = []
    private var takesAllIPv4 = false
    private var takesAllIPv6 = false

    /// Texts that are not CIDR blocks or addresses are left out; the compiler reports them.
    package init(_ texts: [String]) {
        for text in texts {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = parts.first, let bytes = AddressBlocks.parse(String(first)), parts.count <= 2 else {
                continue
            }
            let prefix = parts.count == 2 ? Int(parts[1]) ?? -1 : bytes.count * 8
            guard prefix >= 0, prefix <= bytes.count * 8 else { continue }
            if prefix == 0 {
                if bytes.count == 4 { takesAllIPv4 = true } else { takesAllIPv6 = true }
            } else {
                blocks.append(Block(bytes: bytes, prefix: prefix))
            }
        }
    }

    package func contains(_ address: SocketAddress) -> Bool {
        if address.isIPv6 ? takesAllIPv6 : takesAllIPv4 { return true }
        if blocks.isEmpty { return false }
        let bytes = address.addressBytes
        return blocks.contains { $0.contains(bytes) }
    }

    private static func parse(_ text: String) -> [UInt8]? { SocketAddress(text: text, port: 0)?.addressBytes }
}
