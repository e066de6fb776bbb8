/// The request line (RFC 9112 §3).
extension RequestHeadValues {
    /// Parses the line between `start` and `end`, which holds no control bytes but tabs.
    mutating func parseFirstLine(_ span: RawSpan, from start: Int, to end: Int) throws(RequestHeadError) {
        guard let methodEnd = span.firstIndex(of: ASCII.space, from: start, to: end) else {
            throw .malformedRequestLine
        }
        try parseMethod(span, from: start, to: methodEnd)
        // The shortest rest is `/ HTTP/1.1` behind the method's space.
        guard end &- methodEnd >= 11, span.byte(end &- 9) == ASCII.space else { throw .malformedRequestLine }
        try parseVersion(span, at: end &- 8)
        target = ByteRange(methodEnd &+ 1, end &- 9)
        if method == .connect { throw .unsupportedMethod }
        if span.hasBlank(from: target.lowerBound, to: target.upperBound) { throw .malformedRequestLine }
        try parseTarget(span)
    }

    private mutating func parseMethod(_ span: RawSpan, from start: Int, to end: Int) throws(RequestHeadError) {
        guard end > start else { throw .malformedMethod }
        method = HTTPMethod.parse(span, start: start, count: end &- start)
        methodName = ByteRange(start, end)
        guard method == .other else { return }
        for offset in start..<end where !ASCII.isTokenCharacter(span.byte(offset)) { throw .malformedMethod }
    }

    private mutating func parseVersion(_ span: RawSpan, at start: Int) throws(RequestHeadError) {
        switch span.word(start) {
        case HTTPVersionWord.http11: minorVersion = 1
        case HTTPVersionWord.http10: minorVersion = 0
        default:
            guard let (major, _) = HTTPVersionWord.parse(span, at: start) else { throw .malformedVersion }
            // A higher minor version is one that we may answer as 1.1 (RFC 9110 §2.5).
            guard major == 1 else { throw .unsupportedVersion }
            minorVersion = 1
        }
    }

    private mutating func parseTarget(_ span: RawSpan) throws(RequestHeadError) {
        authority = .empty
        originTarget = target
        let first = span.byte(target.lowerBound)
        if first == ASCII.slash {
            form = .origin
        } else if first == UInt8(ascii: "*") && target.count == 1 {
            guard method == .options else { throw .malformedTarget }
            form = .asterisk
        } else {
            try parseAbsoluteTarget(span)
        }
    }

    /// `http://authority/path?query`, whose authority outweighs the Host field (RFC 9112 §3.2.2).
    private mutating func parseAbsoluteTarget(_ span: RawSpan) throws(RequestHeadError) {
        let start = target.lowerBound
        var authorityStart = start
        if target.count > 7, span.matches(ByteRange(start, start + 7), lowercase: "http://") {
            authorityStart = start + 7
        } else if target.count > 8, span.matches(ByteRange(start, start + 8), lowercase: "https://") {
            authorityStart = start + 8
        } else {
            throw .malformedTarget
        }
        var authorityEnd = authorityStart
        while authorityEnd < target.upperBound {
            let byte = span.byte(authorityEnd)
            if byte == ASCII.slash || byte == ASCII.questionMark || byte == ASCII.hash { break }
            authorityEnd += 1
        }
        guard authorityEnd > authorityStart else { throw .malformedTarget }
        form = .absolute
        authority = ByteRange(authorityStart, authorityEnd)
        originTarget = ByteRange(authorityEnd, target.upperBound)
    }
}

/// `HTTP/x.y` as a little-endian word.
enum HTTPVersionWord {
    static let http11: UInt64 = 0x312E_312F_5054_5448
    static let http10: UInt64 = 0x302E_312F_5054_5448

    /// - Returns: major and minor version, or nil where the eight bytes are no version.
    static func parse(_ span: RawSpan, at start: Int) -> (major: UInt8, minor: UInt8)? {
        guard span.word(start) & 0xFF_FFFF_FFFF == http11 & 0xFF_FFFF_FFFF else { return nil }
        let (major, dot, minor) = (span.byte(start + 5), span.byte(start + 6), span.byte(start + 7))
        guard ASCII.isDigit(major), dot == ASCII.dot, ASCII.isDigit(minor) else { return nil }
        return (major &- 0x30, minor &- 0x30)
    }
}

/// What the lines of a request mean together.
extension RequestHeadValues {
    mutating func finish(_ span: RawSpan, _ fields: inout HeaderFieldTable) throws(RequestHeadError) {
        try finishHost(span, fields)
        try finishFraming(span, fields)
        let options = ConnectionOptions.read(span, &fields)
        if options.isExcessive { throw .tooManyConnectionOptions }
        isKeepAlive = minorVersion == 1 ? !options.closes : options.keepsAlive && !options.closes
        requestsUpgrade =
            options.upgrades && minorVersion == 1 && fields.value(of: .upgrade).map { !$0.isEmpty } ?? false
        expectsContinue = false
        if minorVersion == 1, let expectation = fields.value(of: .expect) {
            expectsContinue = span.matches(expectation, lowercase: "100-continue")
        }
    }

    private mutating func finishHost(_ span: RawSpan, _ fields: HeaderFieldTable) throws(RequestHeadError) {
        if fields.repeated.contains(.host) { throw .repeatedHost }
        host = .empty
        if let field = fields.value(of: .host) {
            guard let name = HostName.name(span, in: field) else { throw .malformedHost }
            if form != .absolute {
                authority = field
                host = name
            }
        } else if minorVersion == 1 {
            throw .missingHost
        }
        if form == .absolute {
            guard let name = HostName.name(span, in: authority) else { throw .malformedTarget }
            host = name
        }
    }

    /// The body's framing, where nothing is guessed (RFC 9112 §6.3): two opinions are an attack.
    private mutating func finishFraming(_ span: RawSpan, _ fields: HeaderFieldTable) throws(RequestHeadError) {
        framing = .none
        if let coding = fields.value(of: .transferEncoding) {
            if minorVersion == 0 { throw .transferEncodingBeforeHTTP11 }
            if fields.present.contains(.contentLength) { throw .lengthWithTransferEncoding }
            if fields.repeated.contains(.transferEncoding) || coding.isEmpty { throw .malformedTransferEncoding }
            if !span.matches(coding, lowercase: "chunked") { throw Self.codingError(span, coding) }
            framing = .chunked
        } else if let length = fields.value(of: .contentLength) {
            if fields.repeated.contains(.contentLength) { throw .repeatedContentLength }
            guard let count = FieldValues.decimal(span, in: length) else { throw .malformedContentLength }
            framing = count == 0 ? .none : .length(count)
        }
    }

    /// Anything but one `chunked`: an unknown coding in good form is 501, `chunked` among others is an attack.
    private static func codingError(_ span: RawSpan, _ value: ByteRange) -> RequestHeadError {
        var isUnknown = true
        FieldValues.forEachElement(span, in: value) { coding in
            let isToken = coding.range.allSatisfy { ASCII.isTokenCharacter(span.byte($0)) }
            if !isToken || span.matches(coding, lowercase: "chunked") { isUnknown = false }
            return isUnknown
        }
        return isUnknown ? .unknownTransferCoding : .malformedTransferEncoding
    }
}
