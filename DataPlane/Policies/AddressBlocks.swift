import EventLoop
import Glibc

/// A set of CIDR blocks, as access lists and trusted proxies are given: sorted ranges without overlaps, so that one
/// binary search answers.
package struct AddressBlocks {
    /// An address as a number of 128 bits; IPv4 in the lowest 32.
    private struct Number: Comparable, BitwiseCopyable {
        var high: UInt64
        var low: UInt64

        static func < (left: Number, right: Number) -> Bool {
            left.high != right.high ? left.high < right.high : left.low < right.low
        }
    }

    private struct Block: BitwiseCopyable {
        var first: Number
        var last: Number
    }

    private var ipv4: [Block] = []
    private var ipv6: [Block] = []

    package var isEmpty: Bool { ipv4.isEmpty && ipv6.isEmpty }

    /// Texts that are not CIDR blocks or addresses are left out; the compiler reports them.
    package init(_ texts: [String]) {
        for text in texts {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = parts.first, parts.count <= 2,
                let address = SocketAddress(text: String(first), port: 0)
            else { continue }
            let bits = address.isIPv6 ? 128 : 32
            let prefix = parts.count == 2 ? Int(parts[1]) ?? -1 : bits
            guard prefix >= 0, prefix <= bits else { continue }
            let block = Self.block(Self.number(address), hostBits: bits - prefix)
            if address.isIPv6 { ipv6.append(block) } else { ipv4.append(block) }
        }
        ipv4 = Self.merged(ipv4)
        ipv6 = Self.merged(ipv6)
    }

    private static func block(_ number: Number, hostBits: Int) -> Block {
        let low: UInt64 = hostBits >= 64 ? ~0 : (1 << UInt64(hostBits)) - 1
        let high: UInt64 = hostBits <= 64 ? 0 : hostBits == 128 ? ~0 : (1 << UInt64(hostBits - 64)) - 1
        return Block(
            first: Number(high: number.high & ~high, low: number.low & ~low),
            last: Number(high: number.high | high, low: number.low | low))
    }

    private static func merged(_ blocks: [Block]) -> [Block] {
        var result: [Block] = []
        for block in blocks.sorted(by: { $0.first < $1.first }) {
            if let last = result.last, block.first <= last.last {
                result[result.count - 1].last = max(last.last, block.last)
            } else {
                result.append(block)
            }
        }
        return result
    }

    package func contains(_ address: SocketAddress) -> Bool {
        let number = Self.number(address)
        return address.isIPv6 ? Self.contains(number, in: ipv6) : Self.contains(number, in: ipv4)
    }

    private static func contains(_ number: Number, in blocks: [Block]) -> Bool {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].first <= number { low = middle + 1 } else { high = middle }
        }
        return low > 0 && number <= blocks[low - 1].last
    }

    private static func number(_ address: SocketAddress) -> Number {
        let words = address.addressWords
        return Number(high: words.high, low: words.low)
    }
}

extension SocketAddress {
    /// The address as a number, IPv4 in the lowest 32 bits: no allocation.
    package var addressWords: (high: UInt64, low: UInt64) {
        withSocketAddress { pointer, _ in
            let bytes = UnsafeRawPointer(pointer)
            if isIPv6 {
                let high = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                let low = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
                return (UInt64(bigEndian: high), UInt64(bigEndian: low))
            }
            return (0, UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))))
        }
    }
}
