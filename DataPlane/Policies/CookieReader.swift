import HTTPCore

/// Finding one cookie in a Cookie field (RFC 6265 §5.4), without taking the field apart.
package enum CookieReader {
    /// The value of the first cookie called `name`, without quotes around it; nil where there is none.
    package static func value(of name: UnsafeRawBufferPointer, in field: UnsafeRawBufferPointer)
        -> UnsafeRawBufferPointer?
    {
        guard !name.isEmpty else { return nil }
        var offset = 0
        while offset < field.count {
            while offset < field.count, isSeparator(field[offset]) { offset += 1 }
            var end = offset
            while end < field.count, field[end] != UInt8(ascii: ";") { end += 1 }
            let equals = offset + name.count
            if equals < end, field[equals] == UInt8(ascii: "="),
                UnsafeRawBufferPointer(rebasing: field[offset..<equals]).elementsEqual(name)
            {
                return unquoted(UnsafeRawBufferPointer(rebasing: field[(equals + 1)..<end]))
            }
            offset = end
        }
        return nil
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func unquoted(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (first, last) = (0, value.count)
        while first < last, isSeparator(value[first]) { first += 1 }
        while last > first, isSeparator(value[last - 1]) { last -= 1 }
        if last - first >= 2, value[first] == UInt8(ascii: "\""), value[last - 1] == UInt8(ascii: "\"") {
            (first, last) = (first + 1, last - 1)
        }
        return UnsafeRawBufferPointer(rebasing: value[first..<last])
    }
}

/// Finding one argument in a query.
package enum QueryReader {
    /// The value of the first argument called `name`, as sent; nil where there is none. Names are compared without regard to
    /// case, as nginx's `$arg_NAME` does.
    package static func value(of name: UnsafeRawBufferPointer, in query: UnsafeRawBufferPointer)
        -> UnsafeRawBufferPointer?
    {
        guard !name.isEmpty else { return nil }
        var offset = 0
        while offset < query.count {
            var end = offset
            while end < query.count, query[end] != UInt8(ascii: "&") { end += 1 }
            let equals = offset + name.count
            if equals < end, query[equals] == UInt8(ascii: "="),
                isEqual(UnsafeRawBufferPointer(rebasing: query[offset..<equals]), name)
            {
                return UnsafeRawBufferPointer(rebasing: query[(equals + 1)..<end])
            }
            offset = end + 1
        }
        return nil
    }

    private static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<left.count where lowercased(left[index]) != lowercased(right[index]) { return false }
        return true
    }
}

@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

/// Whether two texts are equal but for the case of ASCII letters.
package func isEqualIgnoringCase(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where lowercased(left[index]) != lowercased(right[index]) { return false }
    return true
}
