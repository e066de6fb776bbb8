/// HTTP/2 frames as bytes, for tests that say exactly what goes over the wire (RFC 9113 §4).
struct RawFrame: Equatable, CustomStringConvertible {
    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let priority: UInt8 = 2
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let pushPromise: UInt8 = 5
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    static let endStream: UInt8 = 1
    static let acknowledges: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let hasPriority: UInt8 = 32

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    var kind: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), kind, flags] + number(stream) + payload
    }

    var description: String { "frame \(kind) flags \(flags) stream \(stream) \(payload.count) bytes" }

    /// A RST_STREAM's or GOAWAY's error code.
    var code: UInt32 {
        let start = kind == Kind.goAway ? 4 : 0
        guard payload.count >= start + 4 else { return .max }
        return payload[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Cuts bytes into frames; an incomplete one at the end is left out.
    static func parse(_ bytes: [UInt8]) -> [RawFrame] {
        var frames: [RawFrame] = []
        var start = 0
        while start + 9 <= bytes.count {
            let count = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            guard start + 9 + count <= bytes.count else { break }
            let stream = bytes[(start + 5)..<(start + 9)].reduce(0) { $0 << 8 | UInt32($1) }
            frames.append(
                RawFrame(
                    kind: bytes[start + 3], flags: bytes[start + 4], stream: stream,
                    payload: Array(bytes[(start + 9)..<(start + 9 + count)])))
            start += 9 + count
        }
        return frames
    }

    // MARK: The usual ones

    static func settings(_ values: [(UInt16, UInt32)] = []) -> RawFrame {
        let payload = values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + number($0.1) }
        return RawFrame(kind: Kind.settings, payload: payload)
    }

    static func get(_ path: String = "/", stream: UInt32, ends: Bool = true, extra: [(String, String)] = []) -> RawFrame
    {
        headers(requestFields("GET", path) + extra, stream: stream, ends: ends)
    }

    static func post(stream: UInt32, extra: [(String, String)] = []) -> RawFrame {
        headers(requestFields("POST", "/") + extra, stream: stream, ends: false)
    }

    static func requestFields(_ method: String, _ path: String) -> [(String, String)] {
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "shop.example")]
    }

    static func headers(_ fields: [(String, String)], stream: UInt32, ends: Bool = true, whole: Bool = true) -> RawFrame
    {
        let flags = (ends ? endStream : 0) | (whole ? endHeaders : 0)
        return RawFrame(kind: Kind.headers, flags: flags, stream: stream, payload: block(fields))
    }

    static func data(_ payload: [UInt8], stream: UInt32, ends: Bool = false) -> RawFrame {
        RawFrame(kind: Kind.data, flags: ends ? endStream : 0, stream: stream, payload: payload)
    }

    static func windowUpdate(_ increment: UInt32, stream: UInt32) -> RawFrame {
        RawFrame(kind: Kind.windowUpdate, stream: stream, payload: number(increment))
    }

    static func reset(stream: UInt32, code: UInt32 = 8) -> RawFrame {
        RawFrame(kind: Kind.reset, stream: stream, payload: number(code))
    }

    /// Fields as literals that are not indexed (RFC 7541 §6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + literal($0.0) + literal($0.1) }
    }

    private static func literal(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var rest = bytes.count - 127
        var length: [UInt8] = [127]
        while rest >= 128 {
            length.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    private func number(_ value: UInt32) -> [UInt8] { Self.number(value) }
}
