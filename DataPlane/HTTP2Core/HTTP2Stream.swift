import EventLoop

/// One stream of a session: what waits to be sent on it, and whom its events concern.
///
/// Streams are reused by `HTTP2Context`. A session hands one out with the event that begins it, and takes it back with
/// `streamClosed`; nobody may touch it afterwards.
public final class HTTP2Stream {
    @exclusivity(unchecked) package internal(set) var identifier: Int32 = 0
    /// Whoever handles the stream; not counted, so its owner keeps it alive until `streamClosed`.
    @exclusivity(unchecked) package unowned(unsafe) var owner: AnyObject?
    /// The peer sends no more.
    @exclusivity(unchecked) package internal(set) var remoteHasEnded = false
    /// All of our message is with the session.
    @exclusivity(unchecked) package internal(set) var localHasEnded = false
    /// Our message's head is with the session.
    @exclusivity(unchecked) package internal(set) var hasSentHead = false
    /// The final head of a response has come. Client only.
    @exclusivity(unchecked) var hasFinalHead = false
    /// The request was extended CONNECT (RFC 8441).
    @exclusivity(unchecked) package internal(set) var isTunnel = false
    /// Our whole message is sent while the peer still sends: what it sends is thrown away.
    @exclusivity(unchecked) package internal(set) var lingers = false
    /// Body bytes that came and for which the peer has no credit again.
    @exclusivity(unchecked) var unconsumed = 0
    /// Body bytes that flow control holds back.
    @exclusivity(unchecked) package internal(set) var queue = PooledBuffer()
    /// Trailer lines to be sent behind the body.
    @exclusivity(unchecked) var trailers = PooledBuffer()
    /// Body bytes of the caller's, which are valid while `HTTP2Session.write` runs.
    @exclusivity(unchecked) var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The session waits to be told of more.
    @exclusivity(unchecked) var isDeferred = false
    /// Somebody waits for `queue` to be empty.
    @exclusivity(unchecked) var hasBacklog = false

    // The open streams of a session are a list, for the session's end.
    @exclusivity(unchecked) unowned(unsafe) var next: HTTP2Stream?
    @exclusivity(unchecked) unowned(unsafe) var previous: HTTP2Stream?

    init() {}

    /// Makes it as new.
    func reset(_ buffers: BufferPool) {
        buffers.give(&queue)
        buffers.give(&trailers)
        owner = nil
        identifier = 0
        remoteHasEnded = false
        localHasEnded = false
        hasSentHead = false
        hasFinalHead = false
        isTunnel = false
        lingers = false
        unconsumed = 0
        lent = UnsafeRawBufferPointer(start: nil, count: 0)
        isDeferred = false
        hasBacklog = false
    }
}
