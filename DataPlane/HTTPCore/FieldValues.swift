/// Comma-separated lists and numbers in field values.
enum FieldValues {
    /// Calls `body` with each non-empty element of a comma-separated list (RFC 9110 §5.6.1) until it returns false.
    @inline(__always)
    static func forEachElement(_ span: RawSpan, in value: ByteRange, _ body: (ByteRange) -> Bool) {
        var start = value.lowerBound
        let end = value.upperBound
        while start <= end {
            let comma = span.firstIndex(of: ASCII.comma, from: start, to: end) ?? end
            var (first, last) = (start, comma)
            while first < last && ASCII.isBlank(span.byte(first)) { first &+= 1 }
            while last > first && ASCII.isBlank(span.byte(last &- 1)) { last &-= 1 }
            if first < last && !body(ByteRange(first, last)) { return }
            start = comma &+ 1
        }
    }

    /// A decimal number of nothing but digits, or nil; also where it does not fit 63 bits.
    static func decimal(_ span: RawSpan, in value: ByteRange) -> UInt64? {
        guard value.count > 0 else { return nil }
        var result: UInt64 = 0
        for offset in value.range {
            let byte = span.byte(offset)
            guard ASCII.isDigit(byte) else { return nil }
            let (product, overflows) = result.multipliedReportingOverflow(by: 10)
            let (sum, carries) = product.addingReportingOverflow(UInt64(byte &- 0x30))
            if overflows || carries || sum > UInt64(Int64.max) { return nil }
            result = sum
        }
        return result
    }
}

/// What the Connection fields of a head say.
struct ConnectionOptions {
    var closes = false
    var keepsAlive = false
    var upgrades = false
    /// More options than any honest sender has.
    var isExcessive = false

    /// Options beyond this number are an attempt to make the proxy work.
    private static let limit = 32

    /// Reads every Connection field and marks the fields that they name as hop-by-hop (RFC 9110 §7.6.1).
    static func read(_ span: RawSpan, _ fields: inout HeaderFieldTable) -> ConnectionOptions {
        var options = ConnectionOptions()
        guard let first = fields.firstIndex(of: .connection) else { return options }
        let last = fields.repeated.contains(.connection) ? fields.count - 1 : first
        var seen = 0
        for index in first...last where fields[index].id == .connection {
            FieldValues.forEachElement(span, in: fields[index].value) { option in
                seen += 1
                if seen > limit { return false }
                options.note(option, span, &fields)
                return true
            }
        }
        options.isExcessive = seen > limit
        return options
    }

    private mutating func note(_ option: ByteRange, _ span: RawSpan, _ fields: inout HeaderFieldTable) {
        if span.matches(option, lowercase: "close") {
            closes = true
        } else if span.matches(option, lowercase: "keep-alive") {
            keepsAlive = true
        } else if span.matches(option, lowercase: "upgrade") {
            upgrades = true
        } else {
            Self.markNominated(option, span, &fields)
        }
    }

    /// Fields without which the message would mean something else cannot be nominated away.
    private static func markNominated(_ option: ByteRange, _ span: RawSpan, _ fields: inout HeaderFieldTable) {
        for index in 0..<fields.count where fields[index].nameCount == option.count {
            let field = fields[index]
            switch field.id {
            case .host, .contentLength, .transferEncoding, .cookie, .authorization, .setCookie, .contentType: continue
            default: break
            }
            if span.equalsIgnoringCase(field.name, option) { fields.markHopByHop(at: index) }
        }
    }
}

extension RawSpan {
    func equalsIgnoringCase(_ left: ByteRange, _ right: ByteRange) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<Int(left.count)
        where ASCII.lowercased(byte(left.lowerBound + index)) != ASCII.lowercased(byte(right.lowerBound + index)) {
            return false
        }
        return true
    }
}
