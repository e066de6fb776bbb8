/// The addresses that a PROXY protocol header announces.
package struct ProxyProtocolAddresses: Hashable, Sendable {
    /// An IPv4 or IPv6 address in network byte order; of an IPv4 address the first four bytes count.
    package struct Address: Hashable, Sendable {
        package var high: UInt64
        package var low: UInt64

        /// Copies the address's 4 or 16 bytes.
        package func write(byteCount: Int, to writer: inout ByteWriter) {
            withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) {
                writer.append(UnsafeRawBufferPointer(rebasing: $0[..<byteCount]))
            }
        }
    }

    package var isIPv6: Bool
    package var source: Address
    package var sourcePort: UInt16
    package var destination: Address
    package var destinationPort: UInt16
}

/// Why a PROXY protocol header is refused; the connection closes without an answer.
package enum ProxyProtocolError: Error, Hashable, Sendable {
    case missingSignature, malformedLine, malformedAddress, malformedPort
    case unsupportedVersion, unsupportedCommand, truncatedAddresses, tooLong
}

/// The strict parser of PROXY protocol headers, version 1 (text) and version 2 (binary).
package enum ProxyProtocolParser {
    package enum Outcome: Hashable, Sendable {
        /// Call again with these bytes and more.
        case incomplete
        /// The header takes up that many bytes. Without addresses (`UNKNOWN`, `LOCAL`, other families) the
        /// connection's own count.
        case complete(byteCount: Int, addresses: ProxyProtocolAddresses?)
        case failed(ProxyProtocolError)
    }

    /// The longest version 1 line, its end included.
    package static let maximumLineBytes = 107
    /// The longest version 2 header taken: addresses and the type-length-values behind them.
    package static let maximumBinaryBytes = 4_096

    private static let signature: StaticString = "\r\n\r\n\0\r\nQUIT\n"

    /// Parses the header at the start of `bytes`, which may hold more behind it.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let span = bytes.bytes
        guard span.byteCount > 0 else { return .incomplete }
        do throws(ProxyProtocolError) {
            if span.byte(0) == UInt8(ascii: "P") { return try parseLine(span) }
            return try parseBinary(span)
        } catch {
            return .failed(error)
        }
    }

    /// - Returns: false where `span` is too short to tell.
    private static func hasPrefix(_ span: RawSpan, _ prefix: StaticString) throws(ProxyProtocolError) -> Bool {
        let expected = RawSpan(_unsafeStart: prefix.utf8Start, byteCount: prefix.utf8CodeUnitCount)
        for index in 0..<min(span.byteCount, expected.byteCount) where span.byte(index) != expected.byte(index) {
            throw .missingSignature
        }
        return span.byteCount >= expected.byteCount
    }
}

/// Version 2.
extension ProxyProtocolParser {
    private static func parseBinary(_ span: RawSpan) throws(ProxyProtocolError) -> Outcome {
        guard try hasPrefix(span, signature), span.byteCount > 12 else { return .incomplete }
        let command = span.byte(12)
        guard command >> 4 == 2 else { throw .unsupportedVersion }
        guard command & 15 <= 1 else { throw .unsupportedCommand }
        guard span.byteCount >= 16 else { return .incomplete }
        let length = Int(bigEndian16(span, 14))
        let end = 16 + length
        if end > maximumBinaryBytes { throw .tooLong }
        // Family and transport: only streams over IP carry addresses of use here.
        let addressBytes: Int? =
            switch span.byte(13) {
            case 0x11: 4
            case 0x21: 16
            default: nil
            }
        let isLocal = command & 15 == 0
        if !isLocal, let addressBytes, length < 2 * addressBytes + 4 { throw .truncatedAddresses }
        guard span.byteCount >= end else { return .incomplete }
        guard !isLocal, let addressBytes else { return .complete(byteCount: end, addresses: nil) }
        let ports = 16 + 2 * addressBytes
        let addresses = ProxyProtocolAddresses(
            isIPv6: addressBytes == 16, source: address(span, 16, addressBytes), sourcePort: bigEndian16(span, ports),
            destination: address(span, 16 + addressBytes, addressBytes),
            destinationPort: bigEndian16(span, ports + 2))
        return .complete(byteCount: end, addresses: addresses)
    }

    private static func bigEndian16(_ span: RawSpan, _ offset: Int) -> UInt16 {
        UInt16(span.byte(offset)) << 8 | UInt16(span.byte(offset + 1))
    }

    private static func address(_ span: RawSpan, _ offset: Int, _ count: Int) -> ProxyProtocolAddresses.Address {
        if count == 4 {
            let word = span.partialWord(offset, count: 4)
            return .init(high: word.byteSwapped, low: 0)
        }
        return .init(high: span.word(offset).byteSwapped, low: span.word(offset + 8).byteSwapped)
    }
}

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CRLF.
extension ProxyProtocolParser {
    private static func parseLine(_ span: RawSpan) throws(ProxyProtocolError) -> Outcome {
        guard try hasPrefix(span, "PROXY ") else { return .incomplete }
        let end = min(span.byteCount, maximumLineBytes)
        for offset in 6..<end {
            let byte = span.byte(offset)
            if byte == ASCII.lineFeed { throw .malformedLine }
            guard byte == ASCII.carriageReturn else { continue }
            if offset + 1 >= maximumLineBytes { throw .tooLong }
            guard offset + 1 < span.byteCount else { return .incomplete }
            guard span.byte(offset + 1) == ASCII.lineFeed else { throw .malformedLine }
            return .complete(byteCount: offset + 2, addresses: try parseWords(span, to: offset))
        }
        if span.byteCount >= maximumLineBytes { throw .tooLong }
        return .incomplete
    }

    private static func parseWords(_ span: RawSpan, to end: Int) throws(ProxyProtocolError) -> ProxyProtocolAddresses? {
        var start = 6
        let family = nextWord(span, &start, end)
        if span.matches(family, lowercase: "unknown") && span.byte(family.lowerBound) == UInt8(ascii: "U") {
            return nil
        }
        guard family.count == 4, span.partialWord(family.lowerBound, count: 3) == 0x50_4354 else {
            throw .malformedLine
        }
        let digit = span.byte(family.upperBound - 1)
        guard digit == UInt8(ascii: "4") || digit == UInt8(ascii: "6") else { throw .malformedLine }
        let isIPv6 = digit == UInt8(ascii: "6")
        let source = try parseAddress(span, nextWord(span, &start, end), isIPv6)
        let destination = try parseAddress(span, nextWord(span, &start, end), isIPv6)
        let sourcePort = try parsePort(span, nextWord(span, &start, end))
        let destinationPort = try parsePort(span, nextWord(span, &start, end))
        guard start > end else { throw .malformedLine }
        return ProxyProtocolAddresses(
            isIPv6: isIPv6, source: source, sourcePort: sourcePort, destination: destination,
            destinationPort: destinationPort)
    }

    /// The bytes up to the next space or the end; moves `start` behind it.
    private static func nextWord(_ span: RawSpan, _ start: inout Int, _ end: Int) -> ByteRange {
        guard start <= end else { return .empty }
        let space = span.firstIndex(of: ASCII.space, from: start, to: end) ?? end
        defer { start = space + 1 }
        return ByteRange(start, space)
    }

    private static func parsePort(_ span: RawSpan, _ word: ByteRange) throws(ProxyProtocolError) -> UInt16 {
        let hasLeadingZero = word.count > 1 && span.byte(word.lowerBound) == UInt8(ascii: "0")
        guard !hasLeadingZero, let value = FieldValues.decimal(span, in: word), let port = UInt16(exactly: value) else {
            throw .malformedPort
        }
        return port
    }

    private static func parseAddress(
        _ span: RawSpan, _ word: ByteRange, _ isIPv6: Bool
    ) throws(ProxyProtocolError) -> ProxyProtocolAddresses.Address {
        let parsed = isIPv6 ? AddressText.parseIPv6(span, word) : AddressText.parseIPv4(span, word)
        guard let parsed else { throw .malformedAddress }
        return parsed
    }
}
