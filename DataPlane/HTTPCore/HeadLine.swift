/// Where the scan of a head stands between two reads. Belongs to the connection; a fresh value means a fresh head.
///
/// A head that arrives whole never touches it. One that arrives in pieces has each new byte scanned once for the line
/// end, each line checked once when it is complete, and everything parsed once more when the head is.
@usableFromInline
package struct HeadProgress: Hashable, Sendable {
    /// The offset of the first line that is not complete.
    @usableFromInline var lineStart: UInt32 = 0
    /// The offset from which the search for its end goes on.
    @usableFromInline var scanned: UInt32 = 0
    /// Complete lines before it, not counting an empty one in front.
    @usableFromInline var lines: UInt32 = 0

    @inlinable
    package init() {}
}

/// How much of a head is taken.
package struct HeadLimits: Hashable, Sendable {
    /// The request or status line, and each field line, with its line end.
    package var lineBytes: Int
    /// The whole head. The first line is held to `lineBytes` alone.
    package var blockBytes: Int

    package init(lineBytes: Int = 8 << 10, blockBytes: Int = 32 << 10) {
        self.lineBytes = lineBytes
        self.blockBytes = blockBytes
    }

    /// The offset that the line which starts at `start` must not reach beyond.
    @inline(__always)
    func end(ofLineAt start: Int, isFirst: Bool) -> Int {
        let line = start &+ lineBytes
        return isFirst ? line : min(line, blockBytes)
    }
}

/// The end of a line, sought with every byte before it checked: no control but tabs, and CR only in front of LF.
enum HeadLineEnd {
    /// The offset of the CR.
    case found(Int)
    /// All bytes up to the end of the span were fine.
    case incomplete
    case tooLong
    /// A control byte, a bare CR or a bare LF.
    case malformed

    /// - Parameters:
    ///   - start: where to begin; everything before it is known to be fine.
    ///   - limit: the line, with its end, must not reach beyond this offset.
    @inline(__always)
    static func search(_ span: RawSpan, from start: Int, limit: Int) -> HeadLineEnd {
        let end = min(span.byteCount, limit)
        var offset = start
        while offset &+ 8 <= end {
            let hits = WordTest.possibleControls(in: span.word(offset))
            if hits == 0 {
                offset &+= 8
                continue
            }
            offset &+= WordTest.first(hits)
            if ASCII.isForbiddenControl(span.byte(offset)) { return close(span, at: offset, limit: limit) }
            offset &+= 1
        }
        while offset < end {
            if ASCII.isForbiddenControl(span.byte(offset)) { return close(span, at: offset, limit: limit) }
            offset &+= 1
        }
        return span.byteCount >= limit ? .tooLong : .incomplete
    }

    @inline(__always)
    private static func close(_ span: RawSpan, at offset: Int, limit: Int) -> HeadLineEnd {
        guard span.byte(offset) == ASCII.carriageReturn else { return .malformed }
        let next = offset &+ 1
        if next >= limit { return .tooLong }
        if next >= span.byteCount { return .incomplete }
        return span.byte(next) == ASCII.lineFeed ? .found(offset) : .malformed
    }
}
