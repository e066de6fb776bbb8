import CNghttp2
import Glibc
import HTTPCore

/// Heads as HTTP/1.1 text, cut into the fields that the library sends.
///
/// The text is the proxy's own or was parsed strictly, so its form needs no checks; names are put into lower case by the
/// library. Fields that concern one HTTP/1.1 connection stay behind (RFC 9113 §8.2.2).
struct HeadText {
    private let fields: UnsafeMutablePointer<nghttp2_nv>
    private(set) var count = 0
    /// Something did not fit.
    private(set) var overflowed = false

    init(_ fields: UnsafeMutablePointer<nghttp2_nv>) { self.fields = fields }

    /// The status of a response head in text form.
    static func status(of text: UnsafeRawBufferPointer) -> Int {
        guard text.count >= 12 else { return 0 }
        return (9..<12).reduce(0) { $0 * 10 + Int(text[$1] &- 0x30) }
    }

    /// A response: `:status` and the fields.
    /// - Parameter isTunnel: answers extended CONNECT, where the websocket handshake's fields have no place.
    mutating func appendResponse(_ text: UnsafeRawBufferPointer, isTunnel: Bool) {
        guard text.count >= 12, let lineEnd = text.firstLineFeed(from: 0) else {
            overflowed = true
            return
        }
        if isTunnel, Self.status(of: text) == 101 {
            append(":status", "200")
        } else {
            append(":status", UnsafeRawBufferPointer(rebasing: text[9..<12]))
        }
        appendLines(text, from: lineEnd + 1) { name in
            switch name.count {
            case 7: !name.matches("upgrade")
            case 10: !name.matches("connection") && !name.matches("keep-alive")
            case 16: !name.matches("proxy-connection")
            case 17: !name.matches("transfer-encoding")
            case 20: !(isTunnel && name.matches("sec-websocket-accept"))
            default: true
            }
        }
    }

    /// A request: pseudo-header fields from the request line and Host, then the other fields.
    /// - Parameters:
    ///   - scheme: `http` or `https`.
    ///   - takesTrailers: adds `te: trailers`.
    mutating func appendRequest(_ text: UnsafeRawBufferPointer, scheme: StaticString, takesTrailers: Bool) {
        guard let lineEnd = text.firstLineFeed(from: 0), let methodEnd = text.first(UInt8(ascii: " "), from: 0),
            methodEnd + 11 <= lineEnd
        else {
            overflowed = true
            return
        }
        append(":method", UnsafeRawBufferPointer(rebasing: text[..<methodEnd]))
        append(":scheme", scheme)
        // Behind the target stands ` HTTP/1.1` and the line's end.
        append(":path", UnsafeRawBufferPointer(rebasing: text[(methodEnd + 1)..<(lineEnd - 10)]))
        if let host = Self.host(text, from: lineEnd + 1) { append(":authority", host) }
        if takesTrailers { append("te", "trailers") }
        appendLines(text, from: lineEnd + 1) { name in
            switch name.count {
            case 2: !name.matches("te")
            case 4: !name.matches("host")
            case 7: !name.matches("upgrade")
            case 10: !name.matches("connection") && !name.matches("keep-alive")
            case 16: !name.matches("proxy-connection")
            case 17: !name.matches("transfer-encoding")
            default: true
            }
        }
    }

    /// Field lines without anything in front, as trailers are kept.
    mutating func appendLines(_ text: UnsafeRawBufferPointer) { appendLines(text, from: 0) { _ in true } }

    private static func host(_ text: UnsafeRawBufferPointer, from start: Int) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        forEachLine(text, from: start) { name, value in
            if name.count == 4, name.matches("host") { found = value }
            return found == nil
        }
        return found
    }

    private mutating func appendLines(
        _ text: UnsafeRawBufferPointer, from start: Int, where isWanted: (UnsafeRawBufferPointer) -> Bool
    ) {
        Self.forEachLine(text, from: start) { name, value in
            if isWanted(name) { append(name, value) }
            return !overflowed
        }
    }

    private static func forEachLine(
        _ text: UnsafeRawBufferPointer, from start: Int,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) {
        var start = start
        while start < text.count, text[start] != UInt8(ascii: "\r"), let lineEnd = text.firstLineFeed(from: start) {
            guard let colon = text.first(UInt8(ascii: ":"), from: start), colon < lineEnd else { return }
            let name = UnsafeRawBufferPointer(rebasing: text[start..<colon])
            let value = text.trimmed(from: colon + 1, to: lineEnd - 1)
            guard body(name, value) else { return }
            start = lineEnd + 1
        }
    }

    private mutating func append(_ name: StaticString, _ value: StaticString) {
        append(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value))
    }

    private mutating func append(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        append(UnsafeRawBufferPointer(name), value)
    }

    private mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard count < HTTP2Context.fieldCapacity else {
            overflowed = true
            return
        }
        // The library copies both; it only takes them as mutable.
        fields[count] = nghttp2_nv(
            name: name.libraryPointer, value: value.libraryPointer, namelen: name.count, valuelen: value.count,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
        count += 1
    }
}

extension UnsafeRawBufferPointer {
    init(_ text: StaticString) { self.init(start: text.utf8Start, count: text.utf8CodeUnitCount) }

    fileprivate var libraryPointer: UnsafeMutablePointer<UInt8>? {
        baseAddress.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self)) }
    }

    fileprivate func firstLineFeed(from start: Int) -> Int? { first(UInt8(ascii: "\n"), from: start) }

    fileprivate func first(_ byte: UInt8, from start: Int) -> Int? {
        guard start < count, let base = baseAddress, let place = memchr(base + start, Int32(byte), count - start)
        else { return nil }
        return UnsafeRawPointer(place) - base
    }

    fileprivate func trimmed(from start: Int, to end: Int) -> UnsafeRawBufferPointer {
        var (start, end) = (start, end)
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[start..<end])
    }

    /// Whether the name is `lowercase`, in any case.
    fileprivate func matches(_ lowercase: StaticString) -> Bool {
        let other = UnsafeRawBufferPointer(lowercase)
        guard count == other.count else { return false }
        for index in 0..<count where self[index] | 0x20 != other[index] | 0x20 { return false }
        return true
    }
}
