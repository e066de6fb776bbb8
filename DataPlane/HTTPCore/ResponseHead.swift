/// A parsed response head: offsets into the bytes it was parsed from. One object serves every response of a loop.
package final class ResponseHead {
    package internal(set) var status = 0
    /// 0 or 1: the minor version of HTTP/1.
    package internal(set) var minorVersion: UInt8 = 1
    package internal(set) var reason = ByteRange.empty
    package internal(set) var framing = BodyFraming.none
    /// The upstream connection may carry another request once this response has ended.
    package internal(set) var isKeepAlive = false
    /// The head's length, up to where the body starts.
    package internal(set) var byteCount = 0
    /// The offset of the first field line.
    package internal(set) var fieldsStart = 0
    package let fields: HeaderFields

    /// An interim response (1xx but 101), after which the final one follows.
    package var isInterim: Bool { status < 200 && status != 101 }

    /// - Parameter fieldCapacity: the largest number of fields in one head.
    package init(fieldCapacity: Int = 512) { fields = HeaderFields(capacity: fieldCapacity) }
}

/// Why an upstream's response head is invalid; the answer is 502.
package enum ResponseHeadError: Error, Hashable, Sendable {
    case malformedStatusLine, unsupportedVersion, malformedStatus
    /// A control byte, a bare CR or a bare LF.
    case controlByte
    case foldedLine, missingColon, emptyFieldName, whitespaceBeforeColon, malformedFieldName
    case headTooLarge, tooManyFields, tooManyConnectionOptions
    case malformedContentLength, repeatedContentLength, lengthWithTransferEncoding
    case transferEncodingBeforeHTTP11, malformedTransferEncoding

    init(_ error: FieldLineError) {
        switch error {
        case .foldedLine: self = .foldedLine
        case .missingColon: self = .missingColon
        case .emptyName: self = .emptyFieldName
        case .whitespaceBeforeColon: self = .whitespaceBeforeColon
        case .malformedName: self = .malformedFieldName
        case .tooManyFields: self = .tooManyFields
        }
    }
}

/// What became of the bytes so far.
package enum ResponseHeadOutcome: Hashable, Sendable {
    /// Call again with these bytes and more, and the same progress.
    case incomplete
    /// The head takes up that many bytes.
    case complete(byteCount: Int)
    case failed(ResponseHeadError)
}
