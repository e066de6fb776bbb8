import CNghttp2
import EventLoop

/// What all sessions of one loop share: the library's callback tables and options, memory, and spare streams.
package final class HTTP2Context {
    /// Fields of one head that may be sent.
    static let fieldCapacity = 600

    package let buffers: BufferPool
    let callbacks: OpaquePointer
    let serverOptions: OpaquePointer
    let clientOptions: OpaquePointer
    let fields: UnsafeMutablePointer<nghttp2_nv>
    @exclusivity(unchecked) private var spareStreams: [HTTP2Stream] = []

    package init(buffers: BufferPool) {
        self.buffers = buffers
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        self.callbacks = callbacks!
        HTTP2Session.register(in: self.callbacks)
        serverOptions = Self.makeOptions()
        clientOptions = Self.makeOptions()
        fields = .allocate(capacity: Self.fieldCapacity)
        spareStreams.reserveCapacity(256)
    }

    deinit {
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_option_del(serverOptions)
        nghttp2_option_del(clientOptions)
        fields.deallocate()
    }

    private static func makeOptions() -> OpaquePointer {
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        // Credit goes back to the peer when a body's bytes have gone on, never before.
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_deflate_dynamic_table_size(options, 4_096)
        // Resets are counted by `FloodGuard`.
        nghttp2_option_set_stream_reset_rate_limit(options, 1 << 40, 1 << 40)
        return options!
    }

    func takeStream() -> HTTP2Stream { spareStreams.popLast() ?? HTTP2Stream() }

    func giveBack(_ stream: HTTP2Stream) {
        stream.reset(buffers)
        if spareStreams.count < 256 { spareStreams.append(stream) }
    }
}
