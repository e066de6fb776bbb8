/// What the first message of a TLS client says, as far as it matters before a handshake begins.
package struct ClientHello: Hashable, Sendable {
    /// The name that the client wants to speak to, in lower case and without a final dot; empty where it names none.
    package var serverName: [UInt8] = []
    /// The client speaks HTTP/2 over this connection, if the server does.
    package var offersHTTP2 = false

    package init() {}
}

/// Reads a client's first message from the start of a connection, without taking any of it.
///
/// Pure, bounded, and strict: what OpenSSL could read in another way is refused here, so that the certificate and the
/// policy chosen by this name are those of the name that the handshake carries (RFC 8446 §4.1.2, RFC 6066 §3).
package enum ClientHelloReader {
    package enum Outcome: Hashable, Sendable {
        /// Call again with these bytes and more.
        case incomplete
        case complete(ClientHello)
        /// No TLS, or not well-formed.
        case failed(ClientHelloError)
    }

    /// The longest first message taken, its record headers included. Browsers send up to about 2 KiB.
    package static let maximumBytes = 20 << 10
    private static let recordHeaderBytes = 5
    private static let handshakeHeaderBytes = 4

    package static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        do throws(ClientHelloError) {
            guard let first = try record(bytes, at: 0) else { return .incomplete }
            if let type = bytes[first].first, type != 1 { throw .notClientHello }
            guard let length = handshakeLength(bytes, first) else { return try readFragments(bytes) }
            if length > maximumBytes { throw .tooLong }
            guard first.count >= handshakeHeaderBytes + length else { return try readFragments(bytes) }
            let start = first.lowerBound + handshakeHeaderBytes
            return .complete(try message(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)])))
        } catch {
            return .failed(error)
        }
    }

    // MARK: Records

    /// The content of the handshake record at `offset`, as far as it is there; nil before its header is whole.
    private static func record(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(ClientHelloError) -> Range<Int>? {
        if offset < bytes.count, bytes[offset] != 22 { throw .notHandshake }
        if offset + 1 < bytes.count, bytes[offset + 1] != 3 { throw .notHandshake }
        guard offset + recordHeaderBytes <= bytes.count else { return nil }
        let length = Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
        guard length > 0, length <= 1 << 14 else { throw .malformed }
        let start = offset + recordHeaderBytes
        return start..<min(start + length, bytes.count)
    }

    /// The length of the message whose header starts a record; nil where the header is not whole there.
    private static func handshakeLength(_ bytes: UnsafeRawBufferPointer, _ content: Range<Int>) -> Int? {
        guard content.count >= handshakeHeaderBytes else { return nil }
        let start = content.lowerBound
        return Int(bytes[start + 1]) << 16 | Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
    }

    /// A message that spans records, which is rare, is put together first.
    private static func readFragments(_ bytes: UnsafeRawBufferPointer) throws(ClientHelloError) -> Outcome {
        var message: [UInt8] = []
        var offset = 0
        while let content = try record(bytes, at: offset) {
            message += bytes[content]
            let length = Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
            offset += recordHeaderBytes + length
            if let first = message.first, first != 1 { throw .notClientHello }
            if message.count >= handshakeHeaderBytes {
                let wanted = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
                if wanted > maximumBytes { throw .tooLong }
                if message.count >= handshakeHeaderBytes + wanted {
                    let content = message[handshakeHeaderBytes..<(handshakeHeaderBytes + wanted)]
                    let result = content.withUnsafeBytes { bytes in
                        Result { () throws(ClientHelloError) in try self.message(bytes) }
                    }
                    return .complete(try result.get())
                }
            }
            if offset > bytes.count { break }
        }
        if bytes.count >= maximumBytes { throw .tooLong }
        return .incomplete
    }

    // MARK: The message

    private static func message(_ bytes: UnsafeRawBufferPointer) throws(ClientHelloError) -> ClientHello {
        var cursor = WireCursor(bytes)
        try cursor.skip(2 + 32)
        _ = try cursor.block(lengthBytes: 1)
        _ = try cursor.block(lengthBytes: 2)
        _ = try cursor.block(lengthBytes: 1)
        var hello = ClientHello()
        if cursor.isAtEnd { return hello }
        var extensions = try cursor.block(lengthBytes: 2)
        guard cursor.isAtEnd else { throw .malformed }
        var (hasName, hasProtocols) = (false, false)
        while !extensions.isAtEnd {
            let type = try extensions.number(bytes: 2)
            var content = try extensions.block(lengthBytes: 2)
            switch type {
            case 0:
                guard !hasName else { throw .malformed }
                hasName = true
                hello.serverName = try serverName(&content)
            case 16:
                guard !hasProtocols else { throw .malformed }
                hasProtocols = true
                hello.offersHTTP2 = try offersHTTP2(&content)
            default: break
            }
        }
        return hello
    }

    /// One host name, and nothing else: no client sends more, and OpenSSL takes no more.
    private static func serverName(_ content: inout WireCursor) throws(ClientHelloError) -> [UInt8] {
        var list = try content.block(lengthBytes: 2)
        guard content.isAtEnd else { throw .malformed }
        guard try list.number(bytes: 1) == 0 else { throw .malformed }
        let name = try list.block(lengthBytes: 2)
        guard list.isAtEnd, !name.isAtEnd, name.rest.count <= 255 else { throw .malformed }
        var lowered: [UInt8] = []
        lowered.reserveCapacity(name.rest.count)
        for byte in name.rest {
            guard byte > 0x20, byte < 0x7F else { throw .malformed }
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            lowered.append(isUpper ? byte | 0x20 : byte)
        }
        if lowered.last == UInt8(ascii: "."), lowered.count > 1 { lowered.removeLast() }
        return lowered
    }

    private static func offersHTTP2(_ content: inout WireCursor) throws(ClientHelloError) -> Bool {
        var list = try content.block(lengthBytes: 2)
        guard content.isAtEnd else { throw .malformed }
        var found = false
        while !list.isAtEnd {
            let name = try list.block(lengthBytes: 1).rest
            if name.count == 2, name[0] == UInt8(ascii: "h"), name[1] == UInt8(ascii: "2") { found = true }
        }
        return found
    }
}

/// Why a first message is refused.
package enum ClientHelloError: Error, Hashable, Sendable {
    case notHandshake, notClientHello, malformed, tooLong
}

/// Walks through length-prefixed fields; every step is checked.
private struct WireCursor {
    /// What has not been read, from index 0 on.
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ count: Int) throws(ClientHelloError) {
        guard count <= rest.count else { throw .malformed }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }

    mutating func number(bytes count: Int) throws(ClientHelloError) -> Int {
        guard count <= rest.count else { throw .malformed }
        var value = 0
        for byte in rest[..<count] { value = value << 8 | Int(byte) }
        try skip(count)
        return value
    }

    /// A field with its length in front.
    mutating func block(lengthBytes: Int) throws(ClientHelloError) -> WireCursor {
        let count = try number(bytes: lengthBytes)
        guard count <= rest.count else { throw .malformed }
        let block = WireCursor(UnsafeRawBufferPointer(rebasing: rest[..<count]))
        try skip(count)
        return block
    }
}
