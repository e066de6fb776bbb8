/// A parsed response head: offsets into the bytes it was parsed from. One object serves every response of a loop.
///
/// What changes lies behind a constant pointer, for the reason given at `HeaderFields`.
@usableFromInline
package final class ResponseHead {
    @usableFromInline
    let values: UnsafeMutablePointer<ResponseHeadValues>
    @usableFromInline
    package let fields: HeaderFields

    /// - Parameter fieldCapacity: the largest number of fields in one head.
    package init(fieldCapacity: Int = 512) {
        fields = HeaderFields(capacity: fieldCapacity)
        values = .allocate(capacity: 1)
        values.initialize(to: ResponseHeadValues())
    }

    deinit { values.deallocate() }

    @inlinable
    package var status: Int { values.pointee.status }
    /// 0 or 1: the minor version of HTTP/1.
    @inlinable
    package var minorVersion: UInt8 { values.pointee.minorVersion }
    @inlinable
    package var reason: ByteRange { values.pointee.reason }
    @inlinable
    package var framing: BodyFraming { values.pointee.framing }
    /// The upstream connection may carry another request once this response has ended.
    @inlinable
    package var isKeepAlive: Bool { values.pointee.isKeepAlive }
    /// The head's length, up to where the body starts.
    @inlinable
    package var byteCount: Int { values.pointee.byteCount }
    /// The offset of the first field line.
    @inlinable
    package var fieldsStart: Int { values.pointee.fieldsStart }
    /// An interim response (1xx but 101), after which the final one follows.
    @inlinable
    package var isInterim: Bool { status < 200 && status != 101 }
}

/// What `ResponseHead` says, as its parser fills it in.
@usableFromInline
struct ResponseHeadValues {
    @usableFromInline
    var status = 0
    @usableFromInline
    var minorVersion: UInt8 = 1
    @usableFromInline
    var reason = ByteRange.empty
    @usableFromInline
    var framing = BodyFraming.none
    @usableFromInline
    var isKeepAlive = false
    @usableFromInline
    var byteCount = 0
    @usableFromInline
    var fieldsStart = 0
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
