/// The strict parser of HTTP/1 response heads (RFC 9112), as sent by upstreams.
package enum ResponseHeadParser {
    /// Parses the head at the start of `bytes` into `head`.
    ///
    /// - Parameters:
    ///   - bytes: everything received of this head, from its first byte; may hold more behind it.
    ///   - method: the request's, which decides whether a body follows.
    ///   - progress: fresh for a new head; passed back unchanged after `.incomplete`.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, answering method: HTTPMethod, _ progress: inout HeadProgress,
        limits: HeadLimits, into head: ResponseHead
    ) -> ResponseHeadOutcome {
        let span = bytes.bytes
        do throws(ResponseHeadError) {
            var fields = head.fields.table.pointee
            defer { head.fields.table.pointee = fields }
            let end = try HeadLines.parse(span, &progress, limits, &head.values.pointee, &fields)
            guard let end else { return .incomplete }
            try head.values.pointee.finish(span, &fields, answering: method)
            head.values.pointee.byteCount = end
            return .complete(byteCount: end)
        } catch {
            return .failed(error)
        }
    }
}

extension ResponseHeadValues: HeadValues {
    static var skipsEmptyLine: Bool { false }

    static func failure(_ fault: HeadFault) -> ResponseHeadError {
        switch fault {
        case .controlByte: .controlByte
        case .firstLineTooLong, .headTooLarge: .headTooLarge
        case .field(let error): ResponseHeadError(error)
        }
    }

    /// `HTTP/1.1 200 OK` (RFC 9112 §4), always at the start. The space behind the status may be missing.
    mutating func parseFirstLine(_ span: RawSpan, from start: Int, to end: Int) throws(ResponseHeadError) {
        guard end >= 12, let (major, minor) = HTTPVersionWord.parse(span, at: 0), span.byte(8) == ASCII.space else {
            throw .malformedStatusLine
        }
        guard major == 1 else { throw .unsupportedVersion }
        minorVersion = min(minor, 1)
        var code = 0
        for offset in 9..<12 {
            let byte = span.byte(offset)
            guard ASCII.isDigit(byte) else { throw .malformedStatus }
            code = code &* 10 &+ Int(byte &- 0x30)
        }
        guard code >= 100, code <= 599 else { throw .malformedStatus }
        guard end == 12 || span.byte(12) == ASCII.space else { throw .malformedStatusLine }
        status = code
        reason = end > 13 ? ByteRange(13, end) : .empty
        fieldsStart = end &+ 2
    }

    mutating func finish(
        _ span: RawSpan, _ fields: inout HeaderFieldTable, answering method: HTTPMethod
    ) throws(ResponseHeadError) {
        let options = ConnectionOptions.read(span, &fields)
        if options.isExcessive { throw .tooManyConnectionOptions }
        isKeepAlive = minorVersion == 1 ? !options.closes : options.keepsAlive && !options.closes
        let declared = try declaredFraming(span, fields)
        if method == .head || status < 200 || status == 204 || status == 304 {
            framing = .none
            // A body announced where none may be could follow all the same and pass for the next response.
            let mayNotAnnounce = status < 200 || status == 204
            if mayNotAnnounce && declared != .none && declared != .untilClose { isKeepAlive = false }
        } else {
            framing = declared
        }
        if framing == .untilClose || status == 101 { isKeepAlive = false }
    }

    /// What the fields say of the body, checked even where none follows.
    private func declaredFraming(_ span: RawSpan, _ fields: HeaderFieldTable) throws(ResponseHeadError) -> BodyFraming {
        if let coding = fields.value(of: .transferEncoding) {
            if minorVersion == 0 { throw .transferEncodingBeforeHTTP11 }
            if fields.present.contains(.contentLength) { throw .lengthWithTransferEncoding }
            let isChunked = span.matches(coding, lowercase: "chunked")
            if fields.repeated.contains(.transferEncoding) || !isChunked { throw .malformedTransferEncoding }
            return .chunked
        }
        guard let length = fields.value(of: .contentLength) else { return .untilClose }
        if fields.repeated.contains(.contentLength) { throw .repeatedContentLength }
        guard let count = FieldValues.decimal(span, in: length) else { throw .malformedContentLength }
        return count == 0 ? .none : .length(count)
    }
}
