/// How long a message body is and how its end is found (RFC 9112 §6).
package enum BodyFraming: Hashable, Sendable {
    case none
    /// Bytes, at least one.
    case length(UInt64)
    case chunked
    /// Responses only: the body ends with the connection.
    case untilClose
}

/// The forms of a request-target (RFC 9112 §3.2); the authority form belongs to CONNECT, which is refused.
package enum TargetForm: UInt8, Sendable {
    case origin, absolute, asterisk
}

/// A parsed request head: offsets into the bytes it was parsed from. One object serves every request of a loop.
package final class RequestHead {
    package internal(set) var method = HTTPMethod.get
    /// The method as sent.
    package internal(set) var methodName = ByteRange.empty
    package internal(set) var form = TargetForm.origin
    /// The target as sent, whatever its form.
    package internal(set) var target = ByteRange.empty
    /// The target in origin form: path and query. Of an absolute target without a path it lacks the leading slash, and
    /// may be empty; `*` for the asterisk form.
    package internal(set) var originTarget = ByteRange.empty
    /// 0 or 1: the minor version of HTTP/1.
    package internal(set) var minorVersion: UInt8 = 1
    package internal(set) var framing = BodyFraming.none
    /// The host and port that the request is for: of an absolute target its own, else the Host field's; empty if neither.
    package internal(set) var authority = ByteRange.empty
    /// `authority` without the port.
    package internal(set) var host = ByteRange.empty
    /// The downstream connection may carry another request after this one.
    package internal(set) var isKeepAlive = false
    package internal(set) var expectsContinue = false
    /// Connection says upgrade and Upgrade names a protocol.
    package internal(set) var requestsUpgrade = false
    /// The head's length, up to where the body starts.
    package internal(set) var byteCount = 0
    package let fields: HeaderFields

    /// - Parameter fieldCapacity: the largest number of fields in one head.
    package init(fieldCapacity: Int = 512) { fields = HeaderFields(capacity: fieldCapacity) }
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
