import HTTPCore

/// What an Accept-Encoding field says of a coding (RFC 9110 §12.5.3).
package enum AcceptEncoding {
    /// Thousandths of the weight of the coding called `name`; 0 where it is not acceptable or not named.
    package static func weight(of name: StaticString, in field: UnsafeRawBufferPointer) -> Int {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var any = 0
        var offset = 0
        while offset < field.count {
            var end = offset
            while end < field.count, field[end] != UInt8(ascii: ",") { end += 1 }
            let element = UnsafeRawBufferPointer(rebasing: field[offset..<end])
            let (coding, weight) = parse(element)
            if isEqualIgnoringCase(coding, wanted) { return weight }
            if coding.count == 1, coding[0] == UInt8(ascii: "*") { any = weight }
            offset = end + 1
        }
        return any
    }

    private static func parse(_ element: UnsafeRawBufferPointer) -> (coding: UnsafeRawBufferPointer, weight: Int) {
        var end = 0
        while end < element.count, element[end] != UInt8(ascii: ";") { end += 1 }
        let coding = trimmed(element[..<end])
        guard end < element.count else { return (coding, 1_000) }
        let parameter = trimmed(element[(end + 1)...])
        guard parameter.count >= 3, parameter[0] | 0x20 == UInt8(ascii: "q"), parameter[1] == UInt8(ascii: "=") else {
            return (coding, 1_000)
        }
        return (coding, quality(UnsafeRawBufferPointer(rebasing: parameter[2...])))
    }

    /// `0`, `1`, `0.5`, `1.000`; what is malformed is 0.
    private static func quality(_ text: UnsafeRawBufferPointer) -> Int {
        guard let first = text.first, first == 0x30 || first == 0x31, text.count <= 5 else { return 0 }
        var value = Int(first - 0x30) * 1_000
        guard text.count > 1 else { return value }
        guard text[1] == UInt8(ascii: ".") else { return 0 }
        var unit = 100
        for byte in text.dropFirst(2) {
            guard byte &- 0x30 < 10 else { return 0 }
            value += Int(byte - 0x30) * unit
            unit /= 10
        }
        return min(value, 1_000)
    }

    private static func trimmed(_ slice: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        var (first, last) = (slice.startIndex, slice.endIndex)
        while first < last, slice[first] == 0x20 || slice[first] == 9 { first += 1 }
        while last > first, slice[last - 1] == 0x20 || slice[last - 1] == 9 { last -= 1 }
        return UnsafeRawBufferPointer(rebasing: slice.base[first..<last])
    }
}

/// Media types that are compressed.
package struct MediaTypes {
    private let types: [[UInt8]]
    private let takesAll: Bool

    /// - Parameter types: without parameters; `*` takes all.
    package init(_ types: [String]) {
        takesAll = types.contains("*")
        self.types = types.map { Array($0.lowercased().utf8) }
    }

    /// - Parameter value: of a Content-Type field, with parameters or without.
    package func contains(_ value: UnsafeRawBufferPointer) -> Bool {
        if takesAll { return !value.isEmpty }
        var end = 0
        while end < value.count, value[end] != UInt8(ascii: ";"), value[end] != 0x20 { end += 1 }
        let type = UnsafeRawBufferPointer(rebasing: value[..<end])
        return types.contains { $0.withUnsafeBytes { isEqualIgnoringCase($0, type) } }
    }
}
