/// What a session tells whoever drives it. Subclassed once per role, as `EventHandler` is.
///
/// Events come while the session takes bytes in or makes bytes; a handler may call the session's orders, which are then
/// carried out when the session is through.
open class HTTP2Events {
    public init() {}

    /// A request's head is whole. `head` is HTTP/1.1 text, valid during the call.
    open func requestBegan(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {}

    /// A request's head is refused: the status says why. The stream is to be answered.
    open func requestRefused(_ stream: HTTP2Stream, status: Int) {}

    /// A response's head is whole, an interim or the final one, as HTTP/1.1 text that is valid during the call.
    open func responseHead(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {}

    /// Bytes of the body, valid during the call. Credit for them is returned by `HTTP2Session.consumed`.
    open func data(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {}

    /// The trailer section as field lines, valid during the call; the end of the stream follows.
    open func trailers(_ stream: HTTP2Stream, lines: UnsafeRawBufferPointer) {}

    /// The peer has ended its half.
    open func remoteEnded(_ stream: HTTP2Stream) {}

    /// All bytes that flow control had held back are on their way.
    open func drained(_ stream: HTTP2Stream) {}

    /// The stream is over: both halves have ended (`HTTP2ErrorCode.noError`), or one side has reset it.
    open func streamClosed(_ stream: HTTP2Stream, code: UInt32) {}

    /// The peer opens or takes no more streams.
    open func goAwayCame(code: UInt32) {}

    /// The peer's settings are known, or have changed.
    open func settingsCame() {}

    /// A PING of ours was answered.
    open func pingAnswered() {}
}
