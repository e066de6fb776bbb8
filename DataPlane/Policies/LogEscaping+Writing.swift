import HTTPCore
import PorticoModel

extension LogEscaping {
    private func isPlain(_ byte: UInt8) -> Bool {
        switch self {
        case .standard: byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        case .json: byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        // A line stays one line, whatever a client sends.
        case .none: byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
        }
    }

    /// Escapes what stands behind `start` in place.
    package func escape(from start: Int, in writer: inout ByteWriter) {
        let written = writer.written
        guard start < written.count else { return }
        var first = start
        while first < written.count, isPlain(written[first]) { first += 1 }
        if first == written.count { return }
        let rest = written.count - first
        withUnsafeTemporaryAllocation(byteCount: rest, alignment: 1) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: written[first...]))
            writer.truncate(to: first)
            append(UnsafeRawBufferPointer(copy), to: &writer)
        }
    }

    /// Appends `bytes`, escaped.
    package func append(_ bytes: UnsafeRawBufferPointer, to writer: inout ByteWriter) {
        var runStart = 0
        for index in 0..<bytes.count where !isPlain(bytes[index]) {
            writer.append(bytes, range: ByteRange(runStart, index))
            write(bytes[index], to: &writer)
            runStart = index + 1
        }
        writer.append(bytes, range: ByteRange(runStart, bytes.count))
    }

    private func write(_ byte: UInt8, to writer: inout ByteWriter) {
        switch self {
        case .standard:
            writer.append("\\x")
            writer.append(Self.digit(byte >> 4))
            writer.append(Self.digit(byte & 15))
        case .json: writeJSON(byte, to: &writer)
        case .none: writer.append(UInt8(ascii: " "))
        }
    }

    private func writeJSON(_ byte: UInt8, to writer: inout ByteWriter) {
        writer.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): writer.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): writer.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): writer.append(UInt8(ascii: "t"))
        case 8: writer.append(UInt8(ascii: "b"))
        case 12: writer.append(UInt8(ascii: "f"))
        case 0..<0x20:
            writer.append("u00")
            writer.append(Self.digit(byte >> 4))
            writer.append(Self.digit(byte & 15))
        default: writer.append(byte)
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
