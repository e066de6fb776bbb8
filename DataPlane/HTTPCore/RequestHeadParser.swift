/// The strict parser of HTTP/1 request heads (RFC 9112).
///
/// What concerns several lines is judged at the end of the head.
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
            var fields = head.fields.table.pointee
            defer { head.fields.table.pointee = fields }
            let end = try HeadLines.parse(span, &progress, limits, &head.values.pointee, &fields)
            guard let end else { return .incomplete }
            try head.values.pointee.finish(span, &fields)
            head.values.pointee.byteCount = end
            return .complete(byteCount: end)
        } catch {
            return .failed(error)
        }
    }
}

extension RequestHeadValues: HeadValues {
    static var skipsEmptyLine: Bool { true }

    static func failure(_ fault: HeadFault) -> RequestHeadError {
        switch fault {
        case .controlByte: .controlByte
        case .firstLineTooLong: .requestLineTooLong
        case .headTooLarge: .headTooLarge
        case .field(let error): RequestHeadError(error)
        }
    }
}
