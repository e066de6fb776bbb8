/// IP addresses in text form, read strictly.
enum AddressText {
    typealias Address = ProxyProtocolAddresses.Address

    /// Four decimal numbers without leading zeros.
    static func parseIPv4(_ span: RawSpan, _ word: ByteRange) -> Address? {
        var (value, part, digits, dots): (UInt64, UInt64, Int, Int) = (0, 0, 0, 0)
        for offset in word.range {
            let byte = span.byte(offset)
            if byte == ASCII.dot {
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | part
                (part, digits) = (0, 0)
                dots += 1
            } else {
                guard ASCII.isDigit(byte), !(digits > 0 && part == 0) else { return nil }
                part = part * 10 + UInt64(byte - 0x30)
                digits += 1
                if part > 255 { return nil }
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        return Address(high: (value << 8 | part) << 32, low: 0)
    }

    /// Groups of up to four hexadecimal digits, `::` once, and an IPv4 tail (RFC 4291 §2.2). No zone.
    static func parseIPv6(_ span: RawSpan, _ word: ByteRange) -> Address? {
        var groups = GroupList()
        var offset = word.lowerBound
        let end = word.upperBound
        var gap: Int?
        if end - offset >= 2, span.byte(offset) == ASCII.colon {
            guard span.byte(offset + 1) == ASCII.colon else { return nil }
            gap = 0
            offset += 2
        }
        while offset < end {
            var next = offset
            while next < end && ASCII.hexValue(span.byte(next)) != nil { next += 1 }
            if next < end && span.byte(next) == ASCII.dot {
                guard let tail = parseIPv4(span, ByteRange(offset, end)) else { return nil }
                guard groups.append(tail.high >> 48), groups.append(tail.high >> 32 & 0xFFFF) else { return nil }
                break
            }
            guard next > offset, next - offset <= 4, groups.append(hexadecimal(span, offset, next)) else { return nil }
            offset = next
            guard offset < end else { break }
            guard span.byte(offset) == ASCII.colon else { return nil }
            offset += 1
            guard offset < end else { return nil }
            if span.byte(offset) == ASCII.colon {
                guard gap == nil else { return nil }
                gap = groups.count
                offset += 1
            }
        }
        return groups.address(gap: gap)
    }

    private static func hexadecimal(_ span: RawSpan, _ start: Int, _ end: Int) -> UInt64 {
        (start..<end).reduce(0) { $0 << 4 | UInt64(ASCII.hexValue(span.byte($1)) ?? 0) }
    }

    /// Up to eight 16-bit groups, the last one lowest.
    private struct GroupList {
        private var high: UInt64 = 0
        private var low: UInt64 = 0
        private(set) var count = 0

        mutating func append(_ group: UInt64) -> Bool {
            guard count < 8 else { return false }
            (high, low) = (high << 16 | low >> 48, low << 16 | group)
            count += 1
            return true
        }

        /// - Parameter gap: the number of groups in front of `::`, or nil where there was none.
        func address(gap: Int?) -> Address? {
            guard let gap else { return count == 8 ? Address(high: high, low: low) : nil }
            guard count < 8 else { return nil }
            let behind = UInt64(16 * (count - gap))
            let mask = Self.lowMask(bits: behind)
            let tail = (high: high & mask.high, low: low & mask.low)
            // The groups in front move up to the top.
            let shift = UInt64(16 * (8 - count))
            let front = Self.shiftLeft((high & ~mask.high, low & ~mask.low), by: shift)
            return Address(high: front.high | tail.high, low: front.low | tail.low)
        }

        private static func lowMask(bits: UInt64) -> (high: UInt64, low: UInt64) {
            if bits == 0 { return (0, 0) }
            if bits <= 64 { return (0, ~0 >> (64 - bits)) }
            return (~0 >> (128 - bits), ~0)
        }

        private static func shiftLeft(
            _ value: (high: UInt64, low: UInt64), by bits: UInt64
        ) -> (high: UInt64, low: UInt64) {
            if bits == 0 { return value }
            if bits >= 128 { return (0, 0) }
            if bits >= 64 { return (value.low << (bits - 64), 0) }
            return (value.high << bits | value.low >> (64 - bits), value.low << bits)
        }
    }
}
