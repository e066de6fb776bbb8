import EventLoop
import HTTPCore
import TLSEngine

/// The client's end of an exchange: an HTTP/1 connection, or one stream of an HTTP/2 connection.
///
/// Both take a response as bytes of which the first may be a head in HTTP/1.1's text, and give the request's body as
/// bytes that are asked for. So an exchange does not know whom it serves; few places ask `isStream`.
class Downstream: EventHandler {
    enum State: UInt8 {
        case proxyHeader, handshake, idle, readingHead, readingBody, waiting, flushing, lingering, tunnel, http2, closed
    }

    struct Flags: OptionSet {
        let rawValue: UInt16
        /// There may be bytes that were not read.
        static let mayRead = Flags(rawValue: 1)
        /// The client sends no more.
        static let hasEnded = Flags(rawValue: 2)
        static let closesAfterResponse = Flags(rawValue: 4)
        static let isProcessing = Flags(rawValue: 8)
        static let lingers = Flags(rawValue: 16)
        /// Flow control holds bytes of the response back.
        static let isBlocked = Flags(rawValue: 32)
        /// The end of the stream is announced, and not yet read: a short read does not mean that nothing is left.
        static let willEnd = Flags(rawValue: 64)
        /// A stream of an HTTP/2 connection: bodies come and go without chunks, and heads without a connection's fields.
        static let isStream = Flags(rawValue: 128)
        /// The client came over TLS.
        static let isSecure = Flags(rawValue: 256)
        /// The loop tells when the kernel takes bytes again.
        static let watchesWrites = Flags(rawValue: 512)
        /// Counted among the handshakes under way.
        static let isShakingHands = Flags(rawValue: 1024)
    }

    final let core: WorkerCore
    /// The core's, one step nearer.
    final let loop: EventLoop
    @exclusivity(unchecked) final var localPort: UInt16
    /// Where a PROXY protocol header says that the client came to; 0 without one.
    @exclusivity(unchecked) final var announcedPort: UInt16 = 0
    @exclusivity(unchecked) final var state: State
    @exclusivity(unchecked) final var flags: Flags = []
    /// Who the client is: the peer, or whom the PROXY protocol names.
    @exclusivity(unchecked) final var peer: SocketAddress
    /// Bytes read and not yet consumed.
    @exclusivity(unchecked) final var input = PooledBuffer()
    /// Bytes that the kernel did not take.
    @exclusivity(unchecked) final var output = PooledBuffer()
    @exclusivity(unchecked) final var exchange: Exchange?
    /// Of a connection over TLS, once the client's first message is there; streams share that of their connection.
    @exclusivity(unchecked) final var tls: TLSSession?

    init(core: WorkerCore, peer: SocketAddress, localPort: UInt16, state: State) {
        self.core = core
        loop = core.loop
        self.peer = peer
        self.localPort = localPort
        self.state = state
        super.init()
    }

    /// The port that the client came to, as endpoints are told: that of TLS is 443 wherever it listens.
    final var outerPort: UInt16 {
        if announcedPort != 0 { return announcedPort }
        return flags.rawValue & Flags.isSecure.rawValue != 0 ? 443 : localPort
    }

    /// The client came over TLS, to here or to what stands in front.
    final var isOuterSecure: Bool { flags.rawValue & Flags.isSecure.rawValue != 0 || announcedPort == 443 }

    /// How many requests the connection has carried.
    var requestCount: UInt32 { 1 }

    /// Where the connection came in.
    var localAddress: SocketAddress? { nil }

    /// A stream of an HTTP/2 connection.
    final var isStream: Bool { flags.rawValue & Flags.isStream.rawValue != 0 }

    /// Bytes of the response wait for the client: no more of them should be made.
    final var hasBacklog: Bool { !output.isEmpty || flags.rawValue & Flags.isBlocked.rawValue != 0 }

    /// Reads bytes of a body or a tunnel, and notes whether there may be more. `.ended` is the end of the client's half;
    /// of a stream, the end of the body.
    func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer { .failed(0) }

    /// Sends bytes, and keeps what cannot leave now.
    /// - Parameters:
    ///   - headCount: how many of the bytes are a head.
    ///   - isLast: nothing of the response follows.
    /// - Returns: false where the client was lost, and the exchange ended.
    func write(_ bytes: UnsafeRawBufferPointer, headCount: Int = 0, isLast: Bool = false) -> Bool { false }

    /// Ends the response of a stream with a trailer section, as field lines.
    func finish(trailers: UnsafeRawBufferPointer) {}

    /// The response has been handed over.
    func finishResponse() {}

    /// Goes on with an exchange that waited for something else before it took the request's body.
    ///
    /// - Parameter body: gets the bytes that wait behind the head, and returns how many of them were the body's.
    final func resumeExchange(_ body: (UnsafeRawBufferPointer) -> Int) {
        let isOutermost = !flags.contains(.isProcessing)
        flags.insert(.isProcessing)
        // Held here meanwhile: an answer made at once may end the connection and free its buffers.
        var taken = input
        input = PooledBuffer()
        let used = body(taken.bytes)
        taken.consumed(used)
        if taken.isEmpty || state == .closed || state == .lingering {
            core.buffers.give(&taken)
        } else {
            input = taken
        }
        if isOutermost { flags.remove(.isProcessing) }
        // More may have come meanwhile, of the body or of the next request: no event tells of it again.
        if state == .readingBody || state == .idle || state == .readingHead { loop.runAgain(self) }
    }

    /// Ends our half of a tunnel.
    func shutdownWriting() {}

    /// Ends everything at once, whatever is under way.
    func close() {}
}
