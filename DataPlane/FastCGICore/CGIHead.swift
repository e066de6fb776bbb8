import EventLoop
import HTTPCore

/// The head of a CGI response (RFC 3875 §6) on its way to becoming HTTP/1.1 text.
///
/// It is collected until the empty line, with either kind of line end, and its Status field becomes the status line.
package struct CGIHead {
    package enum Outcome: Equatable {
        /// The head is not whole.
        case incomplete
        /// The head ended, and the body begins at this offset of the bytes that were given.
        case complete(bodyStart: Int)
        case tooLong
    }

    private static let limit = 32 << 10
    private var collected: [UInt8] = []
    private var lineIsEmpty = true

    package init() {}

    /// Takes bytes of the response's start.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        for (offset, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") {
                if lineIsEmpty { return .complete(bodyStart: offset + 1) }
                lineIsEmpty = true
            } else if byte != UInt8(ascii: "\r") {
                lineIsEmpty = false
            }
            if collected.count == Self.limit { return .tooLong }
            collected.append(byte)
        }
        return .incomplete
    }

    /// The head as HTTP/1.1 text: `200 OK` where it says no status, and 302 where it has a Location instead.
    package var text: [UInt8] {
        var status: [UInt8] = []
        var hasLocation = false
        var fields: [UInt8] = []
        for line in collected.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let name = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self).lowercased()
            let value = line.dropFirst(name.utf8.count + 1).drop { $0 == 0x20 || $0 == 0x09 }
            if name == "status" {
                status = Array(value)
                continue
            }
            if name == "location" { hasLocation = true }
            fields += Array(line) + [0x0D, 0x0A]
        }
        if status.isEmpty { status = Array((hasLocation ? "302 Found" : "200 OK").utf8) }
        return Array("HTTP/1.1 ".utf8) + status + [0x0D, 0x0A] + fields + [0x0D, 0x0A]
    }
}
