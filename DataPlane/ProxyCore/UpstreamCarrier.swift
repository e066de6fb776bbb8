import EventLoop
import Upstreams

/// What carries one exchange's request to an endpoint and its response back: an HTTP/1 connection, or one stream of an
/// HTTP/2 connection.
///
/// A carrier takes a head in HTTP/1.1's text with the body behind it, and gives a response in the same form. A stream
/// gives the body without chunks and ends it as a connection that closes does.
class UpstreamCarrier: EventHandler {
    enum State: UInt8 {
        case connecting, handshake, active, idle, http2, closed
    }

    final let core: WorkerCore
    /// The core's, one step nearer.
    final let loop: EventLoop
    @exclusivity(unchecked) final var endpoint: UpstreamEndpoint
    @exclusivity(unchecked) final var state = State.connecting
    /// There may be bytes that were not read.
    @exclusivity(unchecked) final var mayRead = false
    /// The end of the stream is announced: a short read does not mean that nothing is left.
    @exclusivity(unchecked) final var willEnd = false
    @exclusivity(unchecked) final unowned(unsafe) var exchange: Exchange?
    /// Bytes of the response that were read and not yet taken: the start of a head that is not whole.
    @exclusivity(unchecked) final var input = PooledBuffer()
    /// Field lines that came behind the body, where the client is not sent the chunks that they came with.
    @exclusivity(unchecked) final var trailers = PooledBuffer()
    /// The endpoint has not looked at the request. Streams only.
    @exclusivity(unchecked) final var wasRefused = false
    /// Not HTTP/1: the body comes and goes without framing, and an end of its own.
    final let isStream: Bool

    init(core: WorkerCore, endpoint: UpstreamEndpoint, isStream: Bool = false) {
        self.isStream = isStream
        self.core = core
        loop = core.loop
        self.endpoint = endpoint
        super.init()
    }

    /// Reads bytes of the response, and notes whether there may be more.
    func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer { .failed(0) }

    /// Sends bytes of the request.
    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer { .failed(0) }

    /// All of the request was sent. Streams only.
    func requestEnded() {}

    /// Nothing follows the bytes that were read. Streams only.
    var isAtEnd: Bool { false }

    /// Ends our half of a tunnel.
    func shutdownWriting() {}

    /// Ends at once, whatever is under way.
    func close() {}

    /// The exchange is over.
    /// - Parameter isReusable: the response was whole, and nothing speaks against another one.
    func release(isReusable: Bool) {}
}
