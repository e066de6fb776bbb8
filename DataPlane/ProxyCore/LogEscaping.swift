import HTTPCore

/// nginx's default escaping of log values: quotes, backslashes, control bytes and bytes beyond ASCII as `\xHH`.
enum LogEscaping {
    static func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
        var runStart = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") { continue }
            output.append(bytes, range: ByteRange(runStart, index))
            output.append("\\x")
            output.append(digit(byte >> 4))
            output.append(digit(byte & 15))
            runStart = index + 1
        }
        output.append(bytes, range: ByteRange(runStart, bytes.count))
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}

/// The user's name in an Authorization field of the basic scheme (RFC 7617), for the log.
enum BasicCredentials {
    static func writeUser(of value: UnsafeRawBufferPointer, to output: inout ByteWriter) {
        guard let credentials = credentials(value) else { return output.append(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { memory in
            var name = ByteWriter(memory)
            decode(credentials, until: UInt8(ascii: ":"), into: &name)
            if name.count == 0 || name.overflowed { return output.append(UInt8(ascii: "-")) }
            LogEscaping.append(name.written, to: &output)
        }
    }

    private static func credentials(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let scheme: StaticString = "basic "
        let count = scheme.utf8CodeUnitCount
        guard value.count > count else { return nil }
        for index in 0..<count where value[index] | 0x20 != scheme.utf8Start[index] { return nil }
        return UnsafeRawBufferPointer(rebasing: value[count...])
    }

    private static func decode(_ text: UnsafeRawBufferPointer, until end: UInt8, into output: inout ByteWriter) {
        var bits: UInt32 = 0
        var count = 0
        for byte in text {
            guard let value = sextet(byte) else { return }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            let decoded = UInt8(truncatingIfNeeded: bits >> UInt32(count))
            if decoded == end { return }
            output.append(decoded)
        }
        output.truncate(to: 0)
    }

    private static func sextet(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
