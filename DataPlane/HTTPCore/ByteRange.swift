/// A run of bytes within a buffer that the caller owns: offsets, never pointers.
@usableFromInline
package struct ByteRange: Hashable, Sendable {
    @usableFromInline
    package var start: UInt32
    @usableFromInline
    package var count: UInt32

    @inlinable
    package init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    @inlinable
    package init(_ start: Int, _ end: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: end &- start)
    }

    @inlinable
    package static var empty: ByteRange { ByteRange(start: 0, count: 0) }

    @inlinable
    package var isEmpty: Bool { count == 0 }
    /// The offset of the first byte.
    @inlinable
    package var lowerBound: Int { Int(start) }
    /// The offset after the last byte.
    @inlinable
    package var upperBound: Int { Int(start) + Int(count) }
    @inlinable
    package var range: Range<Int> { lowerBound..<upperBound }
}

extension UnsafeRawBufferPointer {
    /// The bytes of `range`; traps where the range lies outside of the buffer.
    @inlinable
    package subscript(range: ByteRange) -> UnsafeRawBufferPointer {
        precondition(range.upperBound <= count)
        return UnsafeRawBufferPointer(rebasing: self[range.range])
    }
}
