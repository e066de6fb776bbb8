/// How long a message body is and how its end is found (RFC 9112 §6).
@usableFromInline
package enum BodyFraming: Hashable, Sendable {
    case none
    /// Bytes, at least one.
    case length(UInt64)
    case chunked
    /// Responses only: the body ends with the connection.
    case untilClose
}

/// The forms of a request-target (RFC 9112 §3.2); the authority form belongs to CONNECT, which is refused.
@usableFromInline
package enum TargetForm: UInt8, Sendable {
    case origin, absolute, asterisk
}

/// A parsed request head: offsets into the bytes it was parsed from. One object serves every request of a loop.
///
/// What changes lies behind a constant pointer, for the reason given at `HeaderFields`.
@usableFromInline
package final class RequestHead {
    @usableFromInline
    let values: UnsafeMutablePointer<RequestHeadValues>
    @usableFromInline
    package let fields: HeaderFields

    /// - Parameter fieldCapacity: the largest number of fields in one head.
    package init(fieldCapacity: Int = 512) {
        fields = HeaderFields(capacity: fieldCapacity)
        values = .allocate(capacity: 1)
        values.initialize(to: RequestHeadValues())
    }

    deinit { values.deallocate() }

    @inlinable
    package var method: HTTPMethod { values.pointee.method }
    /// The method as sent.
    @inlinable
    package var methodName: ByteRange { values.pointee.methodName }
    @inlinable
    package var form: TargetForm { values.pointee.form }
    /// The target as sent, whatever its form.
    @inlinable
    package var target: ByteRange { values.pointee.target }
    /// The target in origin form: path and query. Of an absolute target without a path it lacks the leading slash, and
    /// may be empty; `*` for the asterisk form.
    @inlinable
    package var originTarget: ByteRange { values.pointee.originTarget }
    /// 0 or 1: the minor version of HTTP/1.
    @inlinable
    package var minorVersion: UInt8 { values.pointee.minorVersion }
    @inlinable
    package var framing: BodyFraming { values.pointee.framing }
    /// The host and port that the request is for: of an absolute target its own, else the Host field's; empty if neither.
    @inlinable
    package var authority: ByteRange { values.pointee.authority }
    /// `authority` without the port.
    @inlinable
    package var host: ByteRange { values.pointee.host }
    /// The downstream connection may carry another request after this one.
    @inlinable
    package var isKeepAlive: Bool { values.pointee.isKeepAlive }
    @inlinable
    package var expectsContinue: Bool { values.pointee.expectsContinue }
    /// Connection says upgrade and Upgrade names a protocol.
    @inlinable
    package var requestsUpgrade: Bool { values.pointee.requestsUpgrade }
    /// The head's length, up to where the body starts.
    @inlinable
    package var byteCount: Int { values.pointee.byteCount }
}

/// What `RequestHead` says, as its parser fills it in.
@usableFromInline
struct RequestHeadValues {
    @usableFromInline
    var method = HTTPMethod.get
    @usableFromInline
    var methodName = ByteRange.empty
    @usableFromInline
    var form = TargetForm.origin
    @usableFromInline
    var target = ByteRange.empty
    @usableFromInline
    var originTarget = ByteRange.empty
    @usableFromInline
    var minorVersion: UInt8 = 1
    @usableFromInline
    var framing = BodyFraming.none
    @usableFromInline
    var authority = ByteRange.empty
    @usableFromInline
    var host = ByteRange.empty
    @usableFromInline
    var isKeepAlive = false
    @usableFromInline
    var expectsContinue = false
    @usableFromInline
    var requestsUpgrade = false
    @usableFromInline
    var byteCount = 0
}

/// Why a request head is refused.
package enum RequestHeadError: Error, Hashable, Sendable {
    case malformedRequestLine, malformedMethod, malformedTarget, malformedVersion
    case unsupportedVersion, unsupportedMethod, requestLineTooLong
    /// A control byte, a bare CR or a bare LF.
    case controlByte
    case foldedLine, missingColon, emptyFieldName, whitespaceBeforeColon, malformedFieldName
    case headTooLarge, tooManyFields, tooManyConnectionOptions
    case missingHost, repeatedHost, malformedHost
    case malformedContentLength, repeatedContentLength, lengthWithTransferEncoding
    case transferEncodingBeforeHTTP11, malformedTransferEncoding, unknownTransferCoding

    /// The status of the answer, after which the connection closes.
    package var status: Int {
        switch self {
        case .unsupportedMethod: 405
        case .requestLineTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .unknownTransferCoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

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
package enum RequestHeadOutcome: Hashable, Sendable {
    /// Call again with these bytes and more, and the same progress.
    case incomplete
    /// The head takes up that many bytes.
    case complete(byteCount: Int)
    case failed(RequestHeadError)
}
