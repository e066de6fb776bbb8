/// Comparing and hashing bytes eight at a time. Every read is checked against the span's bounds.
extension RawSpan {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    private func word(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// How many bytes from the start of this span equal those of `other` from `start` on, at most `limit`.
    @inline(__always)
    func commonPrefixCount(with other: RawSpan, at start: Int, limit: Int) -> Int {
        var offset = 0
        while offset &+ 8 <= limit {
            let difference = word(offset) ^ other.word(start &+ offset)
            if difference != 0 { return offset &+ difference.trailingZeroBitCount &>> 3 }
            offset &+= 8
        }
        while offset < limit && byte(offset) == other.byte(start &+ offset) { offset &+= 1 }
        return offset
    }

    /// A hash of the bytes from `start` on. Keys come from the configuration and requests only look up, so it need not
    /// withstand collisions sought on purpose.
    @inline(__always)
    func fastHash(from start: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: byteCount &- start) &* 0x9E37_79B9_7F4A_7C15
        var offset = start
        while offset &+ 8 <= byteCount {
            hash = (hash ^ word(offset)) &* 0xD6E8_FEB8_6659_FD93
            hash ^= hash &>> 32
            offset &+= 8
        }
        var rest: UInt64 = 0
        while offset < byteCount {
            rest = rest &<< 8 | UInt64(byte(offset))
            offset &+= 1
        }
        hash = (hash ^ rest) &* 0xD6E8_FEB8_6659_FD93
        return hash ^ (hash &>> 32)
    }
}
