/// Brings a request path into the form that routes are matched on, the way nginx does: percent-encoded bytes decoded,
/// dot segments resolved, runs of slashes merged, query and fragment left out. What is forwarded stays as received.
package enum PathNormaliser {
    package enum Outcome: Hashable, Sendable {
        /// The first `count` bytes of the target are the normalised path as they stand; nothing was written.
        case unchanged(count: Int)
        /// The normalised path was written to the output.
        case rewritten(count: Int)
        /// A bad escape, an encoded NUL, or dot segments that leave the root: the answer is 400.
        case malformed
        /// The output is too small; one as long as the target, and one byte more, never is.
        case noRoom
    }

    /// - Parameters:
    ///   - target: a request target in origin form. It may lack the leading slash, which is then added.
    ///   - output: scratch space of the caller.
    package static func normalise(
        _ target: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> Outcome {
        let span = target.bytes
        if let count = plainCount(span) { return .unchanged(count: count) }
        guard output.count > target.count else { return .noRoom }
        var writer = SegmentWriter(output)
        return writer.write(span) ? .rewritten(count: writer.count) : .malformed
    }

    /// The length of the path where nothing in it has to be changed, else nil.
    private static func plainCount(_ span: RawSpan) -> Int? {
        guard span.byteCount > 0, span.byte(0) == ASCII.slash else { return nil }
        var previous: UInt8 = 0
        for offset in 0..<span.byteCount {
            let byte = span.byte(offset)
            switch byte {
            case ASCII.questionMark, ASCII.hash: return offset
            case ASCII.percent: return nil
            case ASCII.slash, ASCII.dot: if previous == ASCII.slash { return nil }
            default: break
            }
            previous = byte
        }
        return span.byteCount
    }

    /// Writes decoded bytes and looks back over the segment written last whenever a slash or the end closes it.
    private struct SegmentWriter {
        /// Holds at least one byte more than the input, so that every write has room.
        private let output: UnsafeMutableRawBufferPointer
        private(set) var count = 0
        private var segmentStart = 0

        init(_ output: UnsafeMutableRawBufferPointer) { self.output = output }

        /// - Returns: false where the path is malformed.
        mutating func write(_ span: RawSpan) -> Bool {
            if span.byteCount == 0 || span.byte(0) != ASCII.slash { append(ASCII.slash) }
            segmentStart = count
            var offset = 0
            loop: while offset < span.byteCount {
                var byte = span.byte(offset)
                offset += 1
                switch byte {
                case ASCII.questionMark, ASCII.hash: break loop
                case ASCII.percent:
                    guard offset + 2 <= span.byteCount, let high = ASCII.hexValue(span.byte(offset)),
                        let low = ASCII.hexValue(span.byte(offset + 1))
                    else { return false }
                    byte = high << 4 | low
                    offset += 2
                    if byte == 0 { return false }
                default: break
                }
                if byte != ASCII.slash {
                    append(byte)
                } else if !closeSegment(isLast: false) {
                    return false
                }
            }
            return closeSegment(isLast: true)
        }

        private mutating func append(_ byte: UInt8) {
            precondition(count < output.count)
            output[count] = byte
            count += 1
        }

        /// Resolves the segment written last: empty, `.` and `..` leave no trace of their own.
        private mutating func closeSegment(isLast: Bool) -> Bool {
            let length = count - segmentStart
            let isDot = length == 1 && output[segmentStart] == ASCII.dot
            let isDoubleDot = length == 2 && output[segmentStart] == ASCII.dot && output[segmentStart + 1] == ASCII.dot
            if isDot {
                count = segmentStart
            } else if isDoubleDot {
                guard segmentStart > 1 else { return false }
                // Back over the slash in front and the segment before it.
                count = segmentStart - 1
                while output[count - 1] != ASCII.slash { count -= 1 }
            } else if !isLast && (length > 0 || count == 0) {
                append(ASCII.slash)
            }
            segmentStart = count
            return true
        }
    }
}
