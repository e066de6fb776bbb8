/// The strict parser of HTTP/1 request heads (RFC 9112).
///
/// The outcome depends on the bytes alone, never on how they were cut: a line is judged when its end has come, a control
/// byte or an excess of length as soon as it is seen, and what concerns several lines at the end of the head.
package enum RequestHeadParser {
    /// Parses the head at the start of `bytes` into `head`.
    ///
    /// - Parameters:
    ///   - bytes: everything received of this head, from its first byte; may hold more behind it.
    ///   - progress: fresh for a new head; passed back unchanged after `.incomplete`.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, _ progress: inout HeadProgress, limits: HeadLimits, into head: RequestHead
    ) -> RequestHeadOutcome {
        let span = bytes.bytes
        do throws(RequestHeadError) {
            if progress.scanned != 0 {
                guard try resume(span, &progress, limits, head) else { return .incomplete }
                progress = HeadProgress()
            }
            var fields = head.fields.table.pointee
            defer { head.fields.table.pointee = fields }
            let end = try parseLines(span, &progress, limits, &head.values.pointee, &fields)
            guard let end else { return .incomplete }
            try head.values.pointee.finish(span, &fields)
            head.values.pointee.byteCount = end
            return .complete(byteCount: end)
        } catch {
            return .failed(error)
        }
    }

    /// - Returns: the offset after the empty line that ends the head, or nil where it has not come.
    private static func parseLines(
        _ span: RawSpan, _ progress: inout HeadProgress, _ limits: HeadLimits, _ values: inout RequestHeadValues,
        _ fields: inout HeaderFieldTable
    ) throws(RequestHeadError) -> Int? {
        fields.removeAll()
        var start = 0
        var lines = 0
        while true {
            let isFirst = lines == 0
            let limit = limits.end(ofLineAt: start, isFirst: isFirst)
            switch HeadLineEnd.search(span, from: start, limit: limit) {
            case .found(let end):
                if isFirst {
                    if end == 0 {
                        // One empty line in front is a leftover of an old client's body (RFC 9112 §2.2).
                        start = 2
                        continue
                    }
                    try values.parseRequestLine(span, from: start, to: end)
                } else if end == start {
                    return end &+ 2
                } else {
                    do { try fields.appendLine(span, from: start, to: end) } catch {
                        throw RequestHeadError(error)
                    }
                }
                lines &+= 1
                start = end &+ 2
            case .incomplete:
                progress.lineStart = UInt32(truncatingIfNeeded: start)
                progress.lines = UInt32(truncatingIfNeeded: lines)
                progress.scanned = UInt32(truncatingIfNeeded: span.byteCount)
                return nil
            case .tooLong: throw isFirst ? .requestLineTooLong : .headTooLarge
            case .malformed: throw .controlByte
            }
        }
    }

    /// Goes on where the last call left off, checking each line that has become complete.
    ///
    /// - Returns: whether the head is complete.
    private static func resume(
        _ span: RawSpan, _ progress: inout HeadProgress, _ limits: HeadLimits, _ head: RequestHead
    ) throws(RequestHeadError) -> Bool {
        // The last byte may have been a CR, which is judged together with the byte behind it.
        var scan = max(Int(progress.lineStart), Int(progress.scanned) - 1)
        while true {
            let start = Int(progress.lineStart)
            let isFirst = progress.lines == 0
            switch HeadLineEnd.search(span, from: scan, limit: limits.end(ofLineAt: start, isFirst: isFirst)) {
            case .found(let end):
                if end == start && !isFirst { return true }
                if !(isFirst && end == 0) {
                    try check(span, from: start, to: end, progress, head)
                    progress.lines += 1
                }
                progress.lineStart = UInt32(truncatingIfNeeded: end + 2)
                scan = end + 2
            case .incomplete:
                progress.scanned = UInt32(truncatingIfNeeded: span.byteCount)
                return false
            case .tooLong: throw isFirst ? .requestLineTooLong : .headTooLarge
            case .malformed: throw .controlByte
            }
        }
    }

    private static func check(
        _ span: RawSpan, from start: Int, to end: Int, _ progress: HeadProgress, _ head: RequestHead
    ) throws(RequestHeadError) {
        if progress.lines == 0 { return try head.values.pointee.parseRequestLine(span, from: start, to: end) }
        head.fields.table.pointee.removeAll()
        do { try head.fields.table.pointee.appendLine(span, from: start, to: end) } catch {
            throw RequestHeadError(error)
        }
        if progress.lines > head.fields.capacity { throw .tooManyFields }
    }
}
