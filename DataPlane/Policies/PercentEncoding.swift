import HTTPCore

/// Which bytes are written as `%HH`.
package enum PercentEncoding: Sendable {
    /// A decoded path, as nginx encodes it for the upstream: controls, blanks, `"`, `#`, `%`, `<`, `>`, `?`, `\`, `^`,
    /// `` ` ``, `{`, `|`, `}` and all beyond ASCII.
    case path
    /// A value within a query: also `&`, `+` and `;`.
    case query
    /// A whole address within a query: all but letters, digits and `-._~`.
    case component

    private func isPlain(_ byte: UInt8) -> Bool {
        if byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 { return true }
        if byte <= 0x20 || byte >= 0x7F { return false }
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): return true
        case UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "%"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "?"), UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"),
            UInt8(ascii: "|"), UInt8(ascii: "}"):
            return false
        case UInt8(ascii: "&"), UInt8(ascii: "+"), UInt8(ascii: ";"): return self == .path
        default: return self != .component
        }
    }

    package func append(_ bytes: UnsafeRawBufferPointer, to writer: inout ByteWriter) {
        var runStart = 0
        for index in 0..<bytes.count where !isPlain(bytes[index]) {
            writer.append(bytes, range: ByteRange(runStart, index))
            writer.append(UInt8(ascii: "%"))
            writer.append(Self.digit(bytes[index] >> 4))
            writer.append(Self.digit(bytes[index] & 15))
            runStart = index + 1
        }
        writer.append(bytes, range: ByteRange(runStart, bytes.count))
    }

    /// Encodes what stands behind `start` in place.
    package func encode(from start: Int, in writer: inout ByteWriter) {
        let written = writer.written
        guard start < written.count else { return }
        var first = start
        while first < written.count, isPlain(written[first]) { first += 1 }
        if first == written.count { return }
        withUnsafeTemporaryAllocation(byteCount: written.count - first, alignment: 1) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: written[first...]))
            writer.truncate(to: first)
            append(UnsafeRawBufferPointer(copy), to: &writer)
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
