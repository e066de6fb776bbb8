import CNghttp2
import EventLoop

/// One HTTP/2 connection without its socket and clock: bytes and orders in, events and bytes out.
///
/// nghttp2 keeps the protocol's states, HPACK and flow control. Here stand the limits, the translation between field
/// blocks and HTTP/1.1 text, and the rule of back-pressure: the peer gets credit for a body's bytes when they have gone
/// on (`consumed`), and what its own credit does not cover waits in the stream's queue.
///
/// The library must not be called back from its own callbacks to make or take bytes, so an order given during an event
/// is carried out with the next `collect`.
package final class HTTP2Session {
    package enum Role: Sendable { case server, client }

    let context: HTTP2Context
    let limits: HTTP2Limits
    let isServer: Bool
    @exclusivity(unchecked) package unowned(unsafe) var events: HTTP2Events?
    /// Bytes for the peer.
    @exclusivity(unchecked) package var output = PooledBuffer()
    /// Streams that are open.
    @exclusivity(unchecked) package internal(set) var streamCount = 0
    /// Streams that the peer, or we, ever began.
    @exclusivity(unchecked) package internal(set) var streamsBegun: UInt32 = 0
    /// The peer has said that it takes no more streams.
    @exclusivity(unchecked) package internal(set) var hasGoneAway = false
    /// Why the connection has to end, where the peer does too much.
    @exclusivity(unchecked) package internal(set) var flood: FloodGuard.Flood?
    @exclusivity(unchecked) var library: OpaquePointer!
    @exclusivity(unchecked) var isBusy = false
    @exclusivity(unchecked) var block = HeadBlock()
    @exclusivity(unchecked) var flooding = FloodGuard()
    /// The newest stream of the peer's, and the newest that we reset.
    @exclusivity(unchecked) var lastStream: Int32 = 0
    @exclusivity(unchecked) var lastReset: Int32 = 0
    /// Bytes received since a field block began, before it has ended.
    @exclusivity(unchecked) private var blockBytes = 0
    @exclusivity(unchecked) var now: UInt64 = 0
    @exclusivity(unchecked) private var isEnding = false
    @exclusivity(unchecked) private unowned(unsafe) var firstStream: HTTP2Stream?

    /// - Parameter now: the loop's time in milliseconds.
    package init(_ role: Role, _ limits: HTTP2Limits, events: HTTP2Events? = nil, context: HTTP2Context) {
        self.context = context
        self.limits = limits
        self.events = events
        isServer = role == .server
        let me = Unmanaged.passUnretained(self).toOpaque()
        var session: OpaquePointer?
        if isServer {
            nghttp2_session_server_new2(&session, context.callbacks, me, context.serverOptions)
        } else {
            nghttp2_session_client_new2(&session, context.callbacks, me, context.clientOptions)
        }
        library = session!
        submitSettings()
    }

    deinit {
        nghttp2_session_del(library)
        while let stream = firstStream { forget(stream) }
        block.end(context.buffers)
        context.buffers.give(&output)
    }

    private func submitSettings() {
        let window = UInt32(limits.streamWindow)
        let headBytes = UInt32(limits.headBytes + 32 * limits.fields)
        var settings = [
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headBytes),
        ]
        if isServer {
            settings.append(setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams))
            settings.append(setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1))
            // RFC 9113 §5.3.2 retires the tree of priorities.
            settings.append(setting(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1))
        } else {
            settings.append(setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        }
        nghttp2_submit_settings(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
        nghttp2_session_set_local_window_size(
            library, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, limits.connectionWindow)
    }

    /// Keeps a stream that the library refers to.
    func keep(_ stream: HTTP2Stream) {
        streamCount += 1
        streamsBegun += 1
        stream.next = firstStream
        firstStream?.previous = stream
        firstStream = stream
    }

    /// Gives back a stream that the library does not refer to any more.
    func forget(_ stream: HTTP2Stream) {
        stream.next?.previous = stream.previous
        if let previous = stream.previous { previous.next = stream.next } else { firstStream = stream.next }
        stream.next = nil
        stream.previous = nil
        Unmanaged.passUnretained(stream).release()
        context.giveBack(stream)
    }

    private func setting(_ identifier: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(identifier.rawValue), value: value)
    }

    /// A field block has begun and not ended.
    package var isReadingHead: Bool { block.kind != .none }

    // MARK: Bytes

    /// Takes bytes of the peer.
    /// - Returns: false where the connection cannot go on; what `collect` still makes tells the peer why.
    package func receive(_ bytes: UnsafeRawBufferPointer, at milliseconds: UInt64) -> Bool {
        guard !isEnding, let base = bytes.baseAddress else { return !isEnding }
        now = milliseconds
        isBusy = true
        let taken = nghttp2_session_mem_recv(library, base.assumingMemoryBound(to: UInt8.self), bytes.count)
        isBusy = false
        if taken < 0 { isEnding = true }
        note(flooding.bytesCame(bytes.count))
        blockBytes = block.kind == .none ? 0 : blockBytes + bytes.count
        if blockBytes > 4 * limits.headBytes + (64 << 10) { note(.headBlock) }
        return !isEnding
    }

    func note(_ flood: FloodGuard.Flood?) {
        guard let flood, self.flood == nil else { return }
        self.flood = flood
        end(HTTP2ErrorCode.enhanceYourCalm)
    }

    /// Moves what there is to send into `output`, up to the limit.
    package func collect() {
        guard !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        while output.count < limits.outputBytes {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(library, &bytes)
            guard count > 0, let bytes else {
                if count < 0 { isEnding = true }
                return
            }
            context.buffers.append(UnsafeRawBufferPointer(start: bytes, count: count), to: &output)
        }
    }

    /// There is something to send.
    package var wantsToSend: Bool { !output.isEmpty || nghttp2_session_want_write(library) != 0 }

    /// Nothing is left to be said in either direction: the connection may be closed.
    package var isOver: Bool {
        isEnding
            || nghttp2_session_want_read(library) == 0 && nghttp2_session_want_write(library) == 0 && output.isEmpty
    }

    // MARK: The end

    /// Ends the connection at once, with a GOAWAY.
    package func end(_ code: UInt32) {
        nghttp2_session_terminate_session(library, code)
    }

    /// Announces that no more streams are taken, while those that are on their way still are (RFC 9113 §6.8).
    package func announceEnd() {
        if isServer { nghttp2_submit_shutdown_notice(library) }
    }

    /// Takes no more streams; those that began go on.
    package func takeNoMoreStreams() {
        let last = nghttp2_session_get_last_proc_stream_id(library)
        nghttp2_submit_goaway(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, HTTP2ErrorCode.noError, nil, 0)
    }

    package func ping() {
        nghttp2_submit_ping(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// How many streams the peer takes at once.
    package var remoteStreamLimit: UInt32 {
        nghttp2_session_get_remote_settings(library, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
    }

    /// Another request may begin. Client only.
    package var takesRequests: Bool {
        !isEnding && !hasGoneAway && flood == nil && nghttp2_session_check_request_allowed(library) != 0
    }
}
