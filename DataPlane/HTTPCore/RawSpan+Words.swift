/// Reads of single bytes and of eight bytes at once. Every read is checked against the span's bounds.
///
/// The word tests are exact for the lowest matching byte: a borrow can only disturb bytes above it, and callers take the
/// lowest (little-endian: first in memory).
extension RawSpan {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    func word(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Up to eight bytes from `offset`, the missing ones zero.
    @inline(__always)
    func partialWord(_ offset: Int, count: Int) -> UInt64 {
        if count <= 0 { return 0 }
        if offset + 8 <= byteCount {
            let all = word(offset)
            return count >= 8 ? all : all & (~0 &>> UInt64(truncatingIfNeeded: 64 &- 8 &* count))
        }
        return slowPartialWord(offset, count: count)
    }

    @inline(never)
    private func slowPartialWord(_ offset: Int, count: Int) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<Swift.min(count, 8) { result |= UInt64(byte(offset + index)) << UInt64(8 * index) }
        return result
    }
}

/// Tests of the eight bytes of a word; a hit is the high bit of its byte.
enum WordTest {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    static func bytes(equalTo byte: UInt8, in word: UInt64) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & highs
    }

    /// At least the bytes below 0x20 and 0x7F, which a head holds nowhere but at its line ends (and tabs). A borrow or a
    /// carry may add others, so each hit has to be looked at.
    @inline(__always)
    static func possibleControls(in word: UInt64) -> UInt64 {
        ((word &- ones &* 0x20) | (word &+ ones)) & ~word & highs
    }

    /// The index, 0 to 7, of the first hit.
    @inline(__always)
    static func first(_ hits: UInt64) -> Int { hits.trailingZeroBitCount &>> 3 }
}

extension RawSpan {
    /// The offset of the first `byte` in `range`, or nil.
    @inline(__always)
    func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        var offset = start
        while offset &+ 8 <= end {
            let hits = WordTest.bytes(equalTo: byte, in: word(offset))
            if hits != 0 { return offset &+ WordTest.first(hits) }
            offset &+= 8
        }
        while offset < end {
            if self.byte(offset) == byte { return offset }
            offset &+= 1
        }
        return nil
    }

    /// Whether there is a space or tab in the range.
    @inline(__always)
    func hasBlank(from start: Int, to end: Int) -> Bool {
        var offset = start
        while offset &+ 8 <= end {
            let bytes = word(offset)
            let hits = WordTest.bytes(equalTo: ASCII.space, in: bytes) | WordTest.bytes(equalTo: ASCII.tab, in: bytes)
            if hits != 0 { return true }
            offset &+= 8
        }
        while offset < end {
            if ASCII.isBlank(byte(offset)) { return true }
            offset &+= 1
        }
        return false
    }

    /// Compares without regard to ASCII case; `lowercase` holds no upper-case letters.
    func matches(_ range: ByteRange, lowercase: StaticString) -> Bool {
        guard Int(range.count) == lowercase.utf8CodeUnitCount else { return false }
        let expected = RawSpan(_unsafeStart: lowercase.utf8Start, byteCount: lowercase.utf8CodeUnitCount)
        for index in 0..<expected.byteCount
        where ASCII.lowercased(byte(range.lowerBound + index)) != expected.byte(index) {
            return false
        }
        return true
    }
}
