/// Keeps characters out of values that would end a line where none ends.
enum ControlCharacters {
    /// White space around the value does not count.
    static func check(_ value: String, allowsLines: Bool) throws(ValueFault) {
        let inner = ValueParser.trim(value)
        for byte in inner.utf8 where byte < 0x20 || byte == 0x7F {
            if allowsLines, byte == 0x0A || byte == 0x0D || byte == 0x09 { continue }
            throw ValueFault("holds the control character \(byte)")
        }
    }
}

extension ValueType {
    /// A line break within the value is white space.
    var maySpanLines: Bool {
        switch self {
        case .snippet, .list, .addresses, .statuses, .conditions: true
        default: false
        }
    }
}
