import HTTPCore
import Passwords

/// User and password of an Authorization field of the basic scheme (RFC 7617).
struct BasicCredentials {
    let user: [UInt8]
    let password: [UInt8]

    /// - Returns: nil for another scheme, or where the field is malformed.
    init?(_ value: UnsafeRawBufferPointer) {
        guard let text = Self.encoded(value), text.count <= 2_048, let decoded = Base64.decode(text),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        user = Array(decoded[..<colon])
        password = Array(decoded[(colon + 1)...])
    }

    private static func encoded(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let scheme: StaticString = "basic "
        let count = scheme.utf8CodeUnitCount
        guard value.count > count else { return nil }
        for index in 0..<count where value[index] | 0x20 != scheme.utf8Start[index] { return nil }
        return UnsafeRawBufferPointer(rebasing: value[count...])
    }

    /// Writes the user's name as it is, or nothing where there is none.
    static func writeName(of value: UnsafeRawBufferPointer, to output: inout ByteWriter) {
        guard let text = encoded(value) else { return }
        let start = output.count
        decode(text, until: UInt8(ascii: ":"), into: &output, from: start)
    }

    private static func decode(
        _ text: UnsafeRawBufferPointer, until end: UInt8, into output: inout ByteWriter, from start: Int
    ) {
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in text {
            guard let value = Base64.sextet(byte) else { break }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            let decoded = UInt8(truncatingIfNeeded: bits >> count)
            if decoded == end { return }
            output.append(decoded)
        }
        // No colon: these are no credentials.
        output.truncate(to: min(start, output.count))
    }
}
