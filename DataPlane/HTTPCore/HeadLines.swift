/// What differs between the heads of requests and of responses: the first line, and the names of the faults.
protocol HeadValues {
    associatedtype Failure: Error
    /// One empty line in front is a leftover of an old sender's body (RFC 9112 §2.2), not a fault.
    static var skipsEmptyLine: Bool { get }

    /// Parses the line between `start` and `end`, which holds no control bytes but tabs.
    mutating func parseFirstLine(_ span: RawSpan, from start: Int, to end: Int) throws(Failure)

    static func failure(_ fault: HeadFault) -> Failure
}

/// What can be wrong with any line of a head.
enum HeadFault {
    /// A control byte, a bare CR or a bare LF.
    case controlByte
    case firstLineTooLong, headTooLarge
    case field(FieldLineError)
}

/// The lines of a head: found, checked and collected.
///
/// The outcome depends on the bytes alone, never on how they were cut: a line is judged when its end has come, a control
/// byte or an excess of length as soon as it is seen.
enum HeadLines<Values: HeadValues> {
    /// - Parameters:
    ///   - span: everything received of this head, from its first byte; may hold more behind it.
    ///   - progress: fresh for a new head; passed back unchanged after nil.
    /// - Returns: the offset after the empty line that ends the head, or nil where it has not come.
    @inline(__always)
    static func parse(
        _ span: RawSpan, _ progress: inout HeadProgress, _ limits: HeadLimits, _ values: inout Values,
        _ fields: inout HeaderFieldTable
    ) throws(Values.Failure) -> Int? {
        if progress.scanned != 0 {
            guard try resume(span, &progress, limits, &values, &fields) else { return nil }
            progress = HeadProgress()
        }
        return try collect(span, &progress, limits, &values, &fields)
    }

    /// Takes a head from its first byte on.
    @inline(__always)
    private static func collect(
        _ span: RawSpan, _ progress: inout HeadProgress, _ limits: HeadLimits, _ values: inout Values,
        _ fields: inout HeaderFieldTable
    ) throws(Values.Failure) -> Int? {
        fields.removeAll()
        var start = 0
        var lines = 0
        while true {
            let isFirst = lines == 0
            switch HeadLineEnd.search(span, from: start, limit: limits.end(ofLineAt: start, isFirst: isFirst)) {
            case .found(let end):
                if isFirst {
                    if end == 0, Values.skipsEmptyLine {
                        start = 2
                        continue
                    }
                    try values.parseFirstLine(span, from: start, to: end)
                } else if end == start {
                    return end &+ 2
                } else {
                    do { try fields.appendLine(span, from: start, to: end) } catch {
                        throw Values.failure(.field(error))
                    }
                }
                lines &+= 1
                start = end &+ 2
            case .incomplete:
                progress.lineStart = UInt32(truncatingIfNeeded: start)
                progress.lines = UInt32(truncatingIfNeeded: lines)
                progress.scanned = UInt32(truncatingIfNeeded: span.byteCount)
                return nil
            case .tooLong: throw Values.failure(isFirst ? .firstLineTooLong : .headTooLarge)
            case .malformed: throw Values.failure(.controlByte)
            }
        }
    }

    /// Goes on where the last call left off, checking each line that has become complete.
    ///
    /// - Returns: whether the head is complete.
    private static func resume(
        _ span: RawSpan, _ progress: inout HeadProgress, _ limits: HeadLimits, _ values: inout Values,
        _ fields: inout HeaderFieldTable
    ) throws(Values.Failure) -> Bool {
        // The last byte may have been a CR, which is judged together with the byte behind it.
        var scan = max(Int(progress.lineStart), Int(progress.scanned) - 1)
        while true {
            let start = Int(progress.lineStart)
            let isFirst = progress.lines == 0
            switch HeadLineEnd.search(span, from: scan, limit: limits.end(ofLineAt: start, isFirst: isFirst)) {
            case .found(let end):
                if end == start && !isFirst { return true }
                if !(isFirst && end == 0 && Values.skipsEmptyLine) {
                    try check(span, from: start, to: end, progress, &values, &fields)
                    progress.lines += 1
                }
                progress.lineStart = UInt32(truncatingIfNeeded: end + 2)
                scan = end + 2
            case .incomplete:
                progress.scanned = UInt32(truncatingIfNeeded: span.byteCount)
                return false
            case .tooLong: throw Values.failure(isFirst ? .firstLineTooLong : .headTooLarge)
            case .malformed: throw Values.failure(.controlByte)
            }
        }
    }

    private static func check(
        _ span: RawSpan, from start: Int, to end: Int, _ progress: HeadProgress, _ values: inout Values,
        _ fields: inout HeaderFieldTable
    ) throws(Values.Failure) {
        if progress.lines == 0 { return try values.parseFirstLine(span, from: start, to: end) }
        fields.removeAll()
        do { try fields.appendLine(span, from: start, to: end) } catch { throw Values.failure(.field(error)) }
        if progress.lines > fields.capacity { throw Values.failure(.field(.tooManyFields)) }
    }
}
