/// What is wrong with a field line (RFC 9112 §5).
enum FieldLineError: Error {
    case foldedLine
    case missingColon
    case emptyName
    case whitespaceBeforeColon
    case malformedName
    case tooManyFields
}

extension HeaderFieldTable {
    /// Parses the field line between `start` and `end` (the offset of its CR, never `start`) and appends it.
    ///
    /// The line is known to hold no control bytes but tabs, so its value needs no further check.
    @inline(__always)
    mutating func appendLine(_ span: RawSpan, from start: Int, to end: Int) throws(FieldLineError) {
        if ASCII.isBlank(span.byte(start)) { throw .foldedLine }
        guard let colon = span.firstIndex(of: ASCII.colon, from: start, to: end) else { throw .missingColon }
        let nameCount = colon &- start
        if nameCount == 0 { throw .emptyName }
        var id = KnownHeader.other
        if nameCount <= HeaderNameWords.capacity {
            id = identify(HeaderNameWords(span, start: start, count: nameCount), count: nameCount)
        }
        var flags: HeaderField.Flags = id.isHopByHop ? .hopByHop : []
        if id == .other { flags = try Self.checkName(span, from: start, to: colon) }

        var valueStart = colon &+ 1
        while valueStart < end && ASCII.isBlank(span.byte(valueStart)) { valueStart &+= 1 }
        var valueEnd = end
        while valueEnd > valueStart && ASCII.isBlank(span.byte(valueEnd &- 1)) { valueEnd &-= 1 }
        let field = HeaderField(
            nameStart: UInt32(truncatingIfNeeded: start), nameCount: UInt16(truncatingIfNeeded: nameCount), id: id,
            flags: flags, valueStart: UInt32(truncatingIfNeeded: valueStart),
            valueCount: UInt32(truncatingIfNeeded: valueEnd &- valueStart))
        guard append(field) else { throw .tooManyFields }
    }

    @inline(never)
    private static func checkName(
        _ span: RawSpan, from start: Int, to end: Int
    ) throws(FieldLineError) -> HeaderField.Flags {
        if end - start > Int(UInt16.max) { throw .malformedName }
        var flags: HeaderField.Flags = []
        for offset in start..<end {
            let byte = span.byte(offset)
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == ASCII.hyphen { continue }
            if byte == ASCII.underscore {
                flags.insert(.underscore)
            } else if ASCII.isTokenCharacter(byte) {
                flags.insert(.unusualName)
            } else {
                throw ASCII.isBlank(byte) && offset == end - 1 ? .whitespaceBeforeColon : .malformedName
            }
        }
        return flags
    }
}
