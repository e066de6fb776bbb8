import EventLoop
import HTTP2Core
import HTTPCore

/// One request of an HTTP/2 connection.
///
/// The loop knows it for its deadline and its turns only; bytes come and go through the session. What the session tells
/// while it takes bytes in is acted on in the stream's own turn, because the session must not be called back meanwhile.
///
/// States: readingBody, waiting and tunnel as for a connection; flushing once the response is with the session, until the
/// client has ended its half too; closed when the session has let go of the stream.
final class DownstreamStream: Downstream {
    /// How long a client that has its whole response may go on sending.
    private static let lingerMilliseconds: UInt32 = 5_000

    @exclusivity(unchecked) unowned(unsafe) var owner: DownstreamHTTP2?
    @exclusivity(unchecked) unowned(unsafe) var stream: HTTP2Stream?
    // The open streams of a connection are a list.
    @exclusivity(unchecked) unowned(unsafe) var next: DownstreamStream?
    @exclusivity(unchecked) unowned(unsafe) var previous: DownstreamStream?
    @exclusivity(unchecked) private var hasDrained = false
    /// Which one of its connection's requests it is.
    @exclusivity(unchecked) private var number: UInt32 = 0
    /// All of the response is with the session.
    @exclusivity(unchecked) private var hasWrittenLast = false

    init(core: WorkerCore) {
        super.init(core: core, peer: .loopback(port: 0), localPort: 0, state: .closed)
    }

    override var requestCount: UInt32 { number }
    override var localAddress: SocketAddress? { owner?.connection.localAddress }

    func begin(_ stream: HTTP2Stream, of owner: DownstreamHTTP2) {
        self.owner = owner
        self.stream = stream
        peer = owner.connection.peer
        localPort = owner.connection.localPort
        announcedPort = owner.connection.announcedPort
        number = owner.session.streamsBegun
        flags = .isStream
        if owner.connection.flags.contains(.isSecure) { flags.insert(.isSecure) }
        tls = owner.connection.tls
        state = .waiting
        hasDrained = false
        hasWrittenLast = false
        loop.register(self)
    }

    /// The session has let go of the stream. That may come while the exchange hands over the last of its response: then
    /// `finishResponse` follows.
    func end() {
        stream = nil
        owner = nil
        if hasWrittenLast, exchange != nil { return }
        if let exchange {
            self.exchange = nil
            exchange.downstreamWasLost()
        }
        retire()
    }

    private func retire() {
        guard slot != EventHandler.unregistered else { return }
        state = .closed
        tls = nil
        core.buffers.give(&input)
        loop.unregister(self)
        core.giveBack(self)
    }

    // MARK: Events

    func received(_ bytes: UnsafeRawBufferPointer) {
        core.buffers.append(bytes, to: &input)
        mayReadNow()
    }

    func remoteEnded() {
        flags.insert(.willEnd)
        mayReadNow()
    }

    private func mayReadNow() {
        flags.insert(.mayRead)
        if state == .readingBody || state == .tunnel { loop.runAgain(self) }
    }

    func drained() {
        flags.remove(.isBlocked)
        hasDrained = true
        loop.runAgain(self)
    }

    override func resume() {
        if hasDrained {
            hasDrained = false
            if state == .flushing {
                awaitEnd()
            } else if state != .readingBody {
                loop.setDeadline(self, at: .max)
            }
            exchange?.downstreamDrained()
        }
        guard flags.contains(.mayRead) else { return }
        switch state {
        case .readingBody: exchange?.readBody()
        case .tunnel: exchange?.pumpDownstream()
        default: return
        }
    }

    override func deadlinePassed() {
        if state == .flushing, !flags.contains(.isBlocked), let stream, let owner {
            // A response that waits for the connection is the connection's deadline.
            guard stream.lingers else { return awaitEnd() }
            owner.session.endLingering(stream)
            return owner.wantsFlush()
        }
        core.counters.timeouts += 1
        if state == .readingBody, !flags.contains(.isBlocked), let exchange { return exchange.answer(status: 408) }
        close()
    }

    // MARK: Bytes

    override func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        guard !input.isEmpty else {
            flags.remove(.mayRead)
            return flags.contains(.willEnd) ? .ended : .wouldBlock
        }
        let count = min(memory.count, input.count)
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: input.bytes[..<count]))
        input.consumed(count)
        if input.isEmpty {
            core.buffers.give(&input)
            if !flags.contains(.willEnd) { flags.remove(.mayRead) }
        }
        if let stream, let owner {
            owner.session.consumed(stream, count)
            owner.wantsFlush()
        }
        return .bytes(count)
    }

    override func write(_ bytes: UnsafeRawBufferPointer, headCount: Int, isLast: Bool) -> Bool {
        guard let stream, let owner else { return false }
        if isLast { hasWrittenLast = true }
        owner.wantsFlush()
        if headCount > 0 {
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<headCount])
            guard owner.session.respond(stream, head: head, isLast: isLast && headCount == bytes.count) else {
                close()
                return false
            }
        }
        if headCount < bytes.count {
            owner.session.write(stream, UnsafeRawBufferPointer(rebasing: bytes[headCount...]), isLast: isLast)
            // The session may be through with the stream, and it another one's, by now.
            guard self.stream != nil else { return isLast }
            if !stream.queue.isEmpty { block() }
        }
        return true
    }

    private func block() {
        flags.insert(.isBlocked)
        loop.setDeadline(self, after: core.tables.globals.defaultPolicy.sendTimeoutMilliseconds)
    }

    override func shutdownWriting() { finish(trailers: UnsafeRawBufferPointer(start: nil, count: 0)) }

    override func finish(trailers: UnsafeRawBufferPointer) {
        guard let stream, let owner else { return }
        owner.session.finish(stream, trailers: trailers)
        owner.wantsFlush()
    }

    override func finishResponse() {
        exchange = nil
        if stream == nil { return retire() }
        state = .flushing
        shutdownWriting()
        // Nobody will take what still comes of the body.
        if let stream, let owner { owner.session.discard(stream, input.count) }
        core.buffers.give(&input)
        if !flags.contains(.isBlocked) { awaitEnd() }
    }

    /// The client ends its half soon, or is made to.
    private func awaitEnd() {
        guard let stream, !stream.remoteHasEnded else { return loop.setDeadline(self, at: .max) }
        loop.setDeadline(self, after: Self.lingerMilliseconds)
    }

    /// Resets the stream; the session then lets go of it.
    override func close() {
        guard let stream, let owner, state != .closed else { return }
        state = .flushing
        if let exchange {
            self.exchange = nil
            exchange.downstreamWasLost()
        }
        owner.session.reset(stream, HTTP2ErrorCode.internalError)
        owner.wantsFlush()
    }
}
