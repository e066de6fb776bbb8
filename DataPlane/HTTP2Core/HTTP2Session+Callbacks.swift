import CNghttp2
import EventLoop

/// What the library calls. Each callback finds its session and goes on as a method of it.
extension HTTP2Session {
    static func register(in callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, user in
            withSession(user) { $0.frameBegan(header!.pointee) }
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
            withSession(user) { $0.headBegan(frame!) }
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, user in
            withSession(user) {
                $0.block.append(
                    UnsafeRawBufferPointer(start: name, count: nameCount),
                    UnsafeRawBufferPointer(start: value, count: valueCount), $0.limits, $0.context.buffers)
                return 0
            }
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, frame, _, _, _, _, _, user in
            withSession(user) { $0.invalidField(frame!) }
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            withSession(user) { $0.frameCame(frame!) }
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, identifier, data, count, user in
            withSession(user) { $0.dataCame(identifier, UnsafeRawBufferPointer(start: data, count: count)) }
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, identifier, code, user in
            withSession(user) { $0.streamEnded(identifier, code) }
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
            withSession(user) { $0.frameWent(frame!) }
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, source, user in
            withSession(user) { $0.sendBody(header!, count, source!.pointee.ptr) }
        }
    }

    /// The stream of that number, where it is still ours.
    fileprivate func stream(_ identifier: Int32) -> HTTP2Stream? {
        guard let user = nghttp2_session_get_stream_user_data(library, identifier) else { return nil }
        return Unmanaged<HTTP2Stream>.fromOpaque(user).takeUnretainedValue()
    }

    // MARK: Receiving

    fileprivate func frameBegan(_ header: nghttp2_frame_hd) -> Int32 {
        let isEmpty: Bool
        switch nghttp2_frame_type(rawValue: UInt32(header.type)) {
        case NGHTTP2_DATA: isEmpty = header.length == 0 && header.flags & 1 == 0
        case NGHTTP2_HEADERS:
            isEmpty = false
            checkStream(header)
        case NGHTTP2_PRIORITY:
            isEmpty = true
            if header.stream_id == 0 { end(HTTP2ErrorCode.protocolError) }
        case NGHTTP2_RST_STREAM:
            isEmpty = false
            note(flooding.streamWasReset(at: now))
        case NGHTTP2_CONTINUATION:
            isEmpty = true
            // The library looks at the sizes of the other frames alone (RFC 9113 §4.2).
            if header.length > Self.frameBytes { end(HTTP2ErrorCode.frameSizeError) }
        // Credit in bytes is what a receiver owes; it is held against the bytes that we sent.
        case NGHTTP2_WINDOW_UPDATE: isEmpty = false
        default: isEmpty = true
        }
        if isEmpty { note(flooding.emptyFrameCame(at: now)) }
        return 0
    }

    /// The largest frame that a peer may send us, as we never allow more (RFC 9113 §6.5.2).
    private static let frameBytes = 16_384

    /// The library is silent about HEADERS on a stream that is over. That is right for what crossed a reset of ours, and
    /// else the peer has lost count (RFC 9113 §5.1, §5.1.1).
    private func checkStream(_ header: nghttp2_frame_hd) {
        guard isServer, header.stream_id & 1 == 1, header.stream_id <= lastStream, header.stream_id > lastReset,
            nghttp2_session_find_stream(library, header.stream_id) == nil
        else { return }
        end(HTTP2ErrorCode.streamClosed)
    }

    fileprivate func headBegan(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        block.end(context.buffers)
        switch frame.pointee.headers.cat {
        case NGHTTP2_HCAT_REQUEST:
            block.begin(.request)
            let stream = context.takeStream()
            stream.identifier = frame.pointee.hd.stream_id
            nghttp2_session_set_stream_user_data(
                library, stream.identifier, Unmanaged.passRetained(stream).toOpaque())
            keep(stream)
            lastStream = stream.identifier
        case NGHTTP2_HCAT_RESPONSE: block.begin(.response)
        default:
            let isHead = !isServer && stream(frame.pointee.hd.stream_id)?.hasFinalHead == false
            block.begin(isHead ? .response : .trailers)
        }
        return 0
    }

    /// A field that no message may have (RFC 9113 §8.2.1) makes it malformed.
    fileprivate func invalidField(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_rst_stream(library, flags, frame.pointee.hd.stream_id, HTTP2ErrorCode.protocolError)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }

    fileprivate func frameCame(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        let header = frame.pointee.hd
        switch nghttp2_frame_type(rawValue: UInt32(header.type)) {
        case NGHTTP2_HEADERS:
            headCame(header)
            if header.flags & 1 != 0 { remoteEnded(header.stream_id) }
        case NGHTTP2_DATA: if header.flags & 1 != 0 { remoteEnded(header.stream_id) }
        case NGHTTP2_GOAWAY:
            hasGoneAway = true
            events?.goAwayCame(code: frame.pointee.goaway.error_code)
        case NGHTTP2_SETTINGS: if header.flags & 1 == 0 { events?.settingsCame() }
        case NGHTTP2_PING: if header.flags & 1 != 0 { events?.pingAnswered() }
        default: break
        }
        return 0
    }

    fileprivate func headCame(_ header: nghttp2_frame_hd) {
        flooding.usefulBytesCame(min(block.byteCount, limits.headBytes) + 9)
        defer { block.end(context.buffers) }
        guard let stream = stream(header.stream_id) else { return }
        let hasBody = header.flags & 1 == 0
        block.finish(hasBody: hasBody, context.buffers)
        switch block.kind {
        case .request:
            stream.isTunnel = block.isTunnel
            stream.remoteHasEnded = !hasBody
            if block.refusal != 0 {
                events?.requestRefused(stream, status: block.refusal)
            } else {
                events?.requestBegan(stream, head: block.text)
            }
        case .response:
            if block.isTooLarge { return reset(stream, HTTP2ErrorCode.internalError) }
            stream.hasFinalHead = block.status >= 200
            events?.responseHead(stream, head: block.text)
        case .trailers: if !block.isTooLarge, !block.text.isEmpty { events?.trailers(stream, lines: block.text) }
        case .none: break
        }
    }

    fileprivate func remoteEnded(_ identifier: Int32) {
        guard let stream = stream(identifier) else { return }
        stream.remoteHasEnded = true
        events?.remoteEnded(stream)
    }

    fileprivate func dataCame(_ identifier: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        flooding.usefulBytesCame(bytes.count)
        guard let stream = stream(identifier) else {
            nghttp2_session_consume_connection(library, bytes.count)
            return 0
        }
        stream.unconsumed += bytes.count
        events?.data(stream, bytes)
        return 0
    }

    fileprivate func streamEnded(_ identifier: Int32, _ code: UInt32) -> Int32 {
        if let stream = stream(identifier) { close(stream, code: code) }
        return 0
    }

    // MARK: Sending

    /// How much of a body may be sent now.
    static let readBody: nghttp2_data_source_read_callback = { library, identifier, _, limit, flags, source, user in
        let session = Unmanaged<HTTP2Session>.fromOpaque(user!).takeUnretainedValue()
        let stream = Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
        let available = stream.queue.isEmpty ? stream.lent.count : stream.queue.count
        let isAll = stream.localHasEnded && available <= limit
        if available == 0, !isAll {
            stream.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        var order = NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if isAll {
            order |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if session.submitTrailers(stream) { order |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
        }
        flags!.pointee = order
        return min(available, limit)
    }

    /// - Returns: whether the stream ends with trailers.
    fileprivate func submitTrailers(_ stream: HTTP2Stream) -> Bool {
        guard !stream.trailers.isEmpty else { return false }
        var text = HeadText(context.fields)
        text.appendLines(stream.trailers.bytes)
        return nghttp2_submit_trailer(library, stream.identifier, context.fields, text.count) == 0
    }

    /// Copies a DATA frame straight from the body to the output.
    fileprivate func sendBody(_ header: UnsafePointer<UInt8>, _ count: Int, _ source: UnsafeMutableRawPointer) -> Int32
    {
        // The library makes frame after frame within one call.
        if output.count >= limits.outputBytes { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        let stream = Unmanaged<HTTP2Stream>.fromOpaque(source).takeUnretainedValue()
        context.buffers.append(UnsafeRawBufferPointer(start: header, count: 9), to: &output)
        if stream.queue.isEmpty {
            context.buffers.append(UnsafeRawBufferPointer(rebasing: stream.lent[..<count]), to: &output)
            stream.lent = UnsafeRawBufferPointer(rebasing: stream.lent[count...])
            return 0
        }
        context.buffers.append(UnsafeRawBufferPointer(rebasing: stream.queue.bytes[..<count]), to: &output)
        stream.queue.consumed(count)
        if stream.queue.isEmpty {
            context.buffers.give(&stream.queue)
            stream.hasBacklog = false
            events?.drained(stream)
        }
        return 0
    }

    /// A response may be complete before its request is (RFC 9113 §8.1). A reset right behind it would meet clients whose
    /// request is on its way, and some then take the response for lost: so the stream lingers,
    /// until whoever drives the session ends that.
    fileprivate func frameWent(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        let header = frame.pointee.hd
        if header.type == UInt8(NGHTTP2_RST_STREAM.rawValue) { lastReset = max(lastReset, header.stream_id) }
        guard isServer, header.flags & 1 != 0, header.type <= 1, let stream = stream(header.stream_id),
            !stream.remoteHasEnded
        else { return 0 }
        stream.lingers = true
        return 0
    }
}

private func withSession(_ user: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Int32) -> Int32 {
    Unmanaged<HTTP2Session>.fromOpaque(user!)._withUnsafeGuaranteedRef { body($0) }
}
