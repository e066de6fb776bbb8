/// The value of `grpc-timeout`: how long a caller waits for the end of its call.
package enum GRPCTimeout {
    /// - Returns: milliseconds, rounded up; nil where the value is malformed. What exceeds 49 days counts as that.
    package static func milliseconds(_ value: UnsafeRawBufferPointer) -> UInt32? {
        guard let unit = value.last, value.count >= 2, value.count <= 9 else { return nil }
        var amount: UInt64 = 0
        for byte in value.dropLast() {
            guard ASCII.isDigit(byte) else { return nil }
            amount = amount * 10 + UInt64(byte - 0x30)
        }
        let milliseconds: UInt64
        switch unit {
        case UInt8(ascii: "H"): milliseconds = amount * 3_600_000
        case UInt8(ascii: "M"): milliseconds = amount * 60_000
        case UInt8(ascii: "S"): milliseconds = amount * 1_000
        case UInt8(ascii: "m"): milliseconds = amount
        case UInt8(ascii: "u"): milliseconds = (amount + 999) / 1_000
        case UInt8(ascii: "n"): milliseconds = (amount + 999_999) / 1_000_000
        default: return nil
        }
        return UInt32(min(milliseconds, UInt64(UInt32.max)))
    }
}
