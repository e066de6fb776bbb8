import EventLoop
import HTTPCore

/// A field block on its way to becoming the HTTP/1.1 text that the proxy works on.
///
/// The library has checked names, values and the order of pseudo-header fields (RFC 9113 §8.2, §8.3). Pseudo-header
/// fields wait at the front of the memory; the text begins behind them with the first line that they make up.
struct HeadBlock {
    enum Kind: UInt8 {
        case none, request, response, trailers
    }

    private(set) var kind = Kind.none
    /// More came than the limits allow; the rest is decoded and thrown away, as HPACK's state asks for it.
    private(set) var isTooLarge = false
    /// The fields contradict each other.
    private(set) var isMalformed = false
    /// Bytes of names and values, of a block that is too large as well.
    private(set) var byteCount = 0
    private(set) var status = 0
    /// Extended CONNECT (RFC 8441).
    var isTunnel: Bool { !connectProtocol.isEmpty }
    private var fieldCount = 0
    private var memory = PooledBuffer()
    private var cookies = PooledBuffer()
    private var method = ByteRange.empty
    private var path = ByteRange.empty
    private var authority = ByteRange.empty
    private var connectProtocol = ByteRange.empty
    private var textStart = -1
    private var hasLength = false

    /// The text. Valid until the block ends.
    var text: UnsafeRawBufferPointer {
        let bytes = memory.bytes
        guard textStart >= 0, textStart <= bytes.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: bytes[textStart...])
    }

    mutating func begin(_ kind: Kind) {
        self.kind = kind
        if kind == .trailers { textStart = 0 }
    }

    /// Ends the block and gives its memory back.
    mutating func end(_ buffers: BufferPool) {
        buffers.give(&memory)
        buffers.give(&cookies)
        self = HeadBlock()
    }

    // MARK: Fields

    mutating func append(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ limits: HTTP2Limits, _ buffers: BufferPool
    ) {
        byteCount += name.count + value.count
        fieldCount += 1
        let isExcessive = byteCount > limits.headBytes || fieldCount > limits.fields
        if isExcessive || name.count + value.count > limits.fieldBytes { isTooLarge = true }
        if isTooLarge { return }
        if name.first == UInt8(ascii: ":") { return appendPseudo(name, value, buffers) }
        switch kind {
        case .request: appendToRequest(name, value, buffers)
        case .response: appendLine(name, value, buffers)
        case .trailers: if TrailerName.isAllowed(name) { appendLine(name, value, buffers) }
        case .none: break
        }
    }

    private mutating func appendPseudo(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ buffers: BufferPool
    ) {
        switch name.count {
        case 5: path = keep(value, buffers)
        case 7 where name.equals(":method"): method = keep(value, buffers)
        case 7 where name.equals(":status"): beginResponse(value, buffers)
        case 9: connectProtocol = keep(value, buffers)
        case 10: authority = keep(value, buffers)
        default: break
        }
    }

    private mutating func keep(_ value: UnsafeRawBufferPointer, _ buffers: BufferPool) -> ByteRange {
        let start = memory.count
        buffers.append(value, to: &memory)
        return ByteRange(start, memory.count)
    }

    private mutating func beginResponse(_ value: UnsafeRawBufferPointer, _ buffers: BufferPool) {
        for byte in value { status = status * 10 + Int(byte &- 0x30) }
        textStart = 0
        buffers.append("HTTP/1.1 ", to: &memory)
        buffers.append(value, to: &memory)
        buffers.append(" \r\n", to: &memory)
    }

    private mutating func appendToRequest(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ buffers: BufferPool
    ) {
        switch name.count {
        case 4 where name.equals("host"):
            // The authority counts; a Host that says otherwise is an attempt to be two things at once (§8.3.1).
            if !authority.isEmpty {
                if !memory.bytes[authority].equals(value) { isMalformed = true }
                return
            }
        case 6 where name.equals("cookie"):
            // Clients may cut the field into crumbs; one line has to become of them (§8.2.3).
            if !cookies.isEmpty { buffers.append("; ", to: &cookies) }
            return buffers.append(value, to: &cookies)
        case 14 where name.equals("content-length"): hasLength = true
        case 17 where isTunnel && name.equals("sec-websocket-key"): return
        default: break
        }
        beginRequest(buffers)
        appendLine(name, value, buffers)
    }

    private mutating func appendLine(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ buffers: BufferPool
    ) {
        buffers.reserve(name.count + value.count + 4, in: &memory)
        var writer = ByteWriter(memory.space)
        writer.append(name)
        writer.append(": ")
        writer.append(value)
        writer.appendLineEnd()
        memory.produced(writer.count)
    }

    // MARK: The text

    /// The request line, Host, and what an upgrade has in HTTP/1.1.
    private mutating func beginRequest(_ buffers: BufferPool) {
        guard textStart < 0 else { return }
        textStart = memory.count
        buffers.reserve(Int(method.count) + Int(path.count) + Int(authority.count) + 256, in: &memory)
        let values = memory.bytes
        var writer = ByteWriter(memory.space)
        if isTunnel { writer.append("GET") } else { writer.append(values, range: method) }
        writer.append(" ")
        // Plain CONNECT has no path; the parser refuses it whatever its target.
        writer.append(values, range: path.isEmpty ? authority : path)
        writer.append(" HTTP/1.1\r\n")
        if !authority.isEmpty {
            writer.append("host: ")
            writer.append(values, range: authority)
            writer.appendLineEnd()
        }
        if isTunnel {
            writer.append("connection: upgrade\r\nupgrade: ")
            writer.append(values, range: connectProtocol)
            writer.append("\r\nsec-websocket-key: ")
            WebSocketKey.write(to: &writer)
            writer.appendLineEnd()
        }
        memory.produced(writer.count)
    }

    /// Completes the text.
    /// - Parameter hasBody: bytes follow on the stream.
    mutating func finish(hasBody: Bool, _ buffers: BufferPool) {
        if kind == .trailers { return }
        if kind == .request {
            beginRequest(buffers)
            if !cookies.isEmpty {
                buffers.append("cookie: ", to: &memory)
                buffers.append(cookies.bytes, to: &memory)
                buffers.append("\r\n", to: &memory)
            }
            // A body of unknown length is what HTTP/1.1 has chunks for. Its bytes come without them.
            if hasBody, !hasLength, !isTunnel { buffers.append("transfer-encoding: chunked\r\n", to: &memory) }
        }
        buffers.append("\r\n", to: &memory)
    }

    /// The status of the answer to a request that is refused for its head alone; 0 where it is not.
    var refusal: Int {
        if isTooLarge { return 431 }
        if isMalformed { return 400 }
        if isTunnel, !memory.bytes[connectProtocol].equals("websocket") { return 501 }
        return 0
    }
}

/// The nonce of a websocket handshake (RFC 6455 §4.1), which HTTP/2 does without.
enum WebSocketKey {
    private static let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// 16 random bytes in base 64.
    static func write(to writer: inout ByteWriter) {
        var bits = UInt64.random(in: 0...UInt64.max)
        for index in 0..<21 {
            if index == 10 { bits = UInt64.random(in: 0...UInt64.max) }
            writer.append(digits.utf8Start[Int(bits & 63)])
            bits >>= 6
        }
        // The last digit carries two bits.
        writer.append(digits.utf8Start[Int(bits & 3) << 4])
        writer.append("==")
    }
}

extension BufferPool {
    func append(_ text: StaticString, to buffer: inout PooledBuffer) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), to: &buffer)
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        equals(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
