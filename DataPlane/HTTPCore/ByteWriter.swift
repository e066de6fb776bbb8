/// Appends to a region of memory that the caller provides; past its end it writes nothing and remembers the overflow.
///
/// Raw memory, because heads are assembled in the loop's shared buffers; every write is checked against the capacity.
/// Inlinable into other modules, where a head of ten fields is then written in 0.11 µs instead of 0.26.
@usableFromInline
package struct ByteWriter {
    @usableFromInline
    let output: UnsafeMutableRawBufferPointer
    @usableFromInline
    package internal(set) var count = 0
    /// Something did not fit; what was written is then worthless.
    @usableFromInline
    package internal(set) var overflowed = false

    @inlinable
    package init(_ output: UnsafeMutableRawBufferPointer) { self.output = output }

    package var capacity: Int { output.count }
    /// What was written so far.
    @inlinable
    package var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: output[..<count]) }

    /// - Returns: where the next `length` bytes go, or nil where they do not fit.
    @inlinable @inline(__always)
    mutating func reserve(_ length: Int) -> UnsafeMutableRawPointer? {
        guard length <= output.count &- count, let base = output.baseAddress else {
            overflowed = overflowed || length > 0
            return nil
        }
        let place = base + count
        count &+= length
        return place
    }

    @inlinable
    package mutating func append(_ byte: UInt8) {
        reserve(1)?.storeBytes(of: byte, as: UInt8.self)
    }

    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let place = reserve(bytes.count) else { return }
        place.copyMemory(from: source, byteCount: bytes.count)
    }

    @inlinable
    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer, range: ByteRange) { append(bytes[range]) }

    @inlinable
    package mutating func appendLineEnd() { append("\r\n") }

    /// Decimal digits without leading zeros.
    package mutating func append(decimal value: UInt64) {
        var length = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        guard let place = reserve(length) else { return }
        rest = value
        for index in stride(from: length - 1, through: 0, by: -1) {
            place.storeBytes(of: UInt8(truncatingIfNeeded: 0x30 + rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
    }

    package mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: UInt64(value.magnitude))
    }

    /// Exactly `digits` decimal digits; of a larger number the lowest.
    package mutating func append(decimal value: UInt64, digits: Int) {
        guard let place = reserve(digits) else { return }
        var rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            place.storeBytes(of: UInt8(truncatingIfNeeded: 0x30 + rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
    }

    /// Hexadecimal digits in lower case without leading zeros.
    package mutating func append(hexadecimal value: UInt64) {
        append(hexadecimal: value, digits: max(1, (67 - value.leadingZeroBitCount) / 4))
    }

    /// Exactly `digits` hexadecimal digits in lower case; of a larger number the lowest.
    package mutating func append(hexadecimal value: UInt64, digits: Int) {
        guard let place = reserve(digits) else { return }
        var rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            place.storeBytes(of: digit < 10 ? 0x30 + digit : 0x57 + digit, toByteOffset: index, as: UInt8.self)
            rest >>= 4
        }
    }

    /// Sixteen hexadecimal digits in lower case, eight at a time.
    package mutating func append(sixteenHexadecimalDigits value: UInt64) {
        guard let place = reserve(16) else { return }
        let high = Self.hexadecimal(UInt32(truncatingIfNeeded: value &>> 32))
        let low = Self.hexadecimal(UInt32(truncatingIfNeeded: value))
        place.storeBytes(of: high.bigEndian, as: UInt64.self)
        place.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// The digits of a number, the first one in the highest byte.
    private static func hexadecimal(_ value: UInt32) -> UInt64 {
        var digits = UInt64(value)
        digits = (digits | digits &<< 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits &<< 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
        // A digit above nine carries into its byte's high half when six is added.
        let letters = ((digits &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    /// Milliseconds as seconds with three decimals, as access logs give times.
    package mutating func append(secondsFromMilliseconds milliseconds: UInt64) {
        append(decimal: milliseconds / 1_000)
        append(UInt8(ascii: "."))
        append(decimal: milliseconds % 1_000, digits: 3)
    }

    /// Takes back everything behind `count` bytes.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count)
        self.count = count
    }
}
