import CNghttp2
import EventLoop
import HTTPCore

/// Orders that concern one stream.
extension HTTP2Session {
    // MARK: Heads

    /// Begins a request. Client only.
    /// - Parameters:
    ///   - head: HTTP/1.1 text.
    ///   - hasBody: `write` or `finish` follows.
    /// - Returns: nil where the head cannot be sent, or no stream can be opened.
    package func request(
        _ head: UnsafeRawBufferPointer, scheme: StaticString, takesTrailers: Bool, hasBody: Bool, owner: AnyObject
    ) -> HTTP2Stream? {
        var text = HeadText(context.fields)
        text.appendRequest(head, scheme: scheme, takesTrailers: takesTrailers)
        guard !text.overflowed else { return nil }
        let stream = context.takeStream()
        let reference = Unmanaged.passRetained(stream)
        var source = bodySource(reference.toOpaque())
        let identifier = withUnsafePointer(to: &source) { source in
            nghttp2_submit_request(
                library, nil, context.fields, text.count, hasBody ? source : nil, reference.toOpaque())
        }
        guard identifier > 0 else {
            reference.release()
            context.giveBack(stream)
            return nil
        }
        stream.identifier = identifier
        stream.owner = owner
        stream.hasSentHead = true
        stream.localHasEnded = !hasBody
        keep(stream)
        return stream
    }

    /// Sends a response's head: an interim one, or the final one. Server only.
    /// - Parameters:
    ///   - head: HTTP/1.1 text.
    ///   - isLast: no body follows.
    /// - Returns: false where the head cannot be sent.
    package func respond(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer, isLast: Bool) -> Bool {
        var text = HeadText(context.fields)
        text.appendResponse(head, isTunnel: stream.isTunnel)
        guard !text.overflowed, !stream.hasSentHead else { return false }
        let status = HeadText.status(of: head)
        if status < 200, status != 101 {
            let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
            return nghttp2_submit_headers(library, flags, stream.identifier, nil, context.fields, text.count, nil) == 0
        }
        stream.hasSentHead = true
        stream.localHasEnded = isLast
        var source = bodySource(Unmanaged.passUnretained(stream).toOpaque())
        return withUnsafePointer(to: &source) { source in
            nghttp2_submit_response(
                library, stream.identifier, context.fields, text.count, isLast ? nil : source) == 0
        }
    }

    private func bodySource(_ stream: UnsafeMutableRawPointer) -> nghttp2_data_provider {
        nghttp2_data_provider(source: nghttp2_data_source(ptr: stream), read_callback: HTTP2Session.readBody)
    }

    // MARK: Bodies

    /// Sends bytes of the body. What the peer has no credit for waits in the stream's queue.
    package func write(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        guard !stream.localHasEnded else { return }
        stream.localHasEnded = isLast
        if bytes.isEmpty, !isLast { return }
        if isBusy || !stream.queue.isEmpty || output.count >= limits.outputBytes {
            context.buffers.append(bytes, to: &stream.queue)
            if !stream.queue.isEmpty { stream.hasBacklog = true }
            return resume(stream)
        }
        stream.lent = bytes
        resume(stream)
        collect()
        let rest = stream.lent
        stream.lent = UnsafeRawBufferPointer(start: nil, count: 0)
        if !rest.isEmpty {
            context.buffers.append(rest, to: &stream.queue)
            stream.hasBacklog = true
            // What was lent may have been all that the library knew of.
            resume(stream)
        }
    }

    /// Ends our half of the stream.
    /// - Parameter trailers: field lines, or nothing.
    package func finish(_ stream: HTTP2Stream, trailers: UnsafeRawBufferPointer) {
        guard !stream.localHasEnded else { return }
        context.buffers.append(trailers, to: &stream.trailers)
        stream.localHasEnded = true
        resume(stream)
    }

    private func resume(_ stream: HTTP2Stream) {
        guard stream.isDeferred else { return }
        stream.isDeferred = false
        nghttp2_session_resume_data(library, stream.identifier)
    }

    /// Body bytes have gone on: the peer may send as many more.
    package func consumed(_ stream: HTTP2Stream, _ count: Int) {
        let count = min(count, stream.unconsumed)
        guard count > 0 else { return }
        stream.unconsumed -= count
        nghttp2_session_consume(library, stream.identifier, count)
    }

    /// Body bytes are thrown away: the other streams get credit for them, this one does not, so that the peer cannot send
    /// more than a stream's window of them.
    package func discard(_ stream: HTTP2Stream, _ count: Int) {
        let count = min(count, stream.unconsumed)
        guard count > 0 else { return }
        stream.unconsumed -= count
        nghttp2_session_consume_connection(library, count)
    }

    /// The peer has had its time to end its half: it is told to stop, without a complaint (RFC 9113 §8.1).
    package func endLingering(_ stream: HTTP2Stream) { reset(stream, HTTP2ErrorCode.noError) }

    /// Ends the stream at once.
    package func reset(_ stream: HTTP2Stream, _ code: UInt32) {
        nghttp2_submit_rst_stream(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.identifier, code)
    }

    func close(_ stream: HTTP2Stream, code: UInt32) {
        if stream.unconsumed > 0 { nghttp2_session_consume_connection(library, stream.unconsumed) }
        stream.unconsumed = 0
        nghttp2_session_set_stream_user_data(library, stream.identifier, nil)
        streamCount -= 1
        events?.streamClosed(stream, code: code)
        forget(stream)
    }
}
