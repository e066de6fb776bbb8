/// Host names in Host fields and absolute targets: checked, and brought into the form that routes are found by.
package enum HostName {
    /// The name within `host [":" port]` (RFC 9110 §7.2), or nil where it is empty or malformed.
    static func name(_ span: RawSpan, in value: ByteRange) -> ByteRange? {
        guard value.count > 0 else { return nil }
        let (start, end) = (value.lowerBound, value.upperBound)
        var offset = start
        if span.byte(start) == UInt8(ascii: "[") {
            guard let close = span.firstIndex(of: UInt8(ascii: "]"), from: start, to: end) else { return nil }
            guard isAddressLiteral(span, from: start + 1, to: close) else { return nil }
            offset = close + 1
        } else {
            while offset < end && ASCII.isHostCharacter(span.byte(offset)) { offset &+= 1 }
        }
        let name = ByteRange(start, offset)
        guard !name.isEmpty, isPort(span, from: offset, to: end) else { return nil }
        return name
    }

    private static func isAddressLiteral(_ span: RawSpan, from start: Int, to end: Int) -> Bool {
        guard end - start >= 2 else { return false }
        return (start..<end).allSatisfy { offset in
            let byte = span.byte(offset)
            return ASCII.hexValue(byte) != nil || byte == ASCII.colon || byte == ASCII.dot
        }
    }

    /// Nothing, or a colon and up to five digits.
    private static func isPort(_ span: RawSpan, from start: Int, to end: Int) -> Bool {
        if start == end { return true }
        guard span.byte(start) == ASCII.colon, end - start <= 6 else { return false }
        return (start + 1..<end).allSatisfy { ASCII.isDigit(span.byte($0)) }
    }

    /// The longest host name that can belong to a route (RFC 1035 §2.3.4), with a trailing dot.
    package static let maximumByteCount = 254

    /// Writes `name` (without a port) in lower case and without a trailing dot.
    ///
    /// - Returns: the bytes written, or nil where `output` is too small; no route has a name longer than
    ///   `maximumByteCount`.
    package static func normalise(_ name: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        var count = name.count
        if count > 1 && name[count - 1] == ASCII.dot { count -= 1 }
        guard count <= output.count, count <= name.count else { return nil }
        for index in 0..<count { output[index] = ASCII.lowercased(name[index]) }
        return count
    }
}
