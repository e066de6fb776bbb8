/// What one HTTP/2 connection may ask of the proxy. Every number bounds memory or work that a peer can cause.
package struct HTTP2Limits: Hashable, Sendable {
    /// Streams open at once (`http2-max-concurrent-streams`).
    package var concurrentStreams: UInt32 = 128
    /// One field, name and value.
    package var fieldBytes = 8 << 10
    /// All fields of a head.
    package var headBytes = 32 << 10
    /// Fields of a head.
    package var fields = 512
    /// Body bytes of one stream that may wait to be taken.
    package var streamWindow: Int32 = 128 << 10
    /// Body bytes of all streams together that may wait to be taken.
    package var connectionWindow: Int32 = 1 << 20
    /// Encoded bytes that wait to be sent, beyond which no more are made.
    package var outputBytes = 64 << 10

    package init() {}
}

/// The error codes of RFC 9113 §7.
package enum HTTP2ErrorCode {
    package static let noError: UInt32 = 0
    package static let protocolError: UInt32 = 1
    package static let internalError: UInt32 = 2
    package static let flowControlError: UInt32 = 3
    package static let settingsTimeout: UInt32 = 4
    package static let streamClosed: UInt32 = 5
    package static let frameSizeError: UInt32 = 6
    package static let refusedStream: UInt32 = 7
    package static let cancel: UInt32 = 8
    package static let compressionError: UInt32 = 9
    package static let connectError: UInt32 = 10
    package static let enhanceYourCalm: UInt32 = 11
    package static let inadequateSecurity: UInt32 = 12
    package static let http11Required: UInt32 = 13
}
