import EventLoop
import HTTP2Core
import Upstreams

/// One request on an HTTP/2 connection to an endpoint.
///
/// It takes the request's head as one piece of text, and gives the response as text with the plain body behind it; the
/// end of the stream is the end of the bytes. What the session tells is acted on in the stream's own turn.
///
/// States: connecting until the connection is open; active; closed once the exchange has let go of it.
final class UpstreamStream: UpstreamCarrier {
    @exclusivity(unchecked) unowned(unsafe) var owner: UpstreamHTTP2?
    @exclusivity(unchecked) private unowned(unsafe) var stream: HTTP2Stream?
    // The streams of a connection are a list.
    @exclusivity(unchecked) unowned(unsafe) var next: UpstreamStream?
    @exclusivity(unchecked) unowned(unsafe) var previous: UpstreamStream?
    /// The stream was reset, or the connection lost.
    @exclusivity(unchecked) private var hasFailed = false

    init(core: WorkerCore, endpoint: UpstreamEndpoint) {
        super.init(core: core, endpoint: endpoint, isStream: true)
    }

    func begin(_ exchange: Exchange, on owner: UpstreamHTTP2, at endpoint: UpstreamEndpoint, timeout: UInt32) {
        self.exchange = exchange
        self.owner = owner
        self.endpoint = endpoint
        mayRead = false
        willEnd = false
        hasFailed = false
        wasRefused = false
        state = owner.isConnected ? .active : .connecting
        loop.register(self)
        if state == .connecting { loop.setDeadline(self, after: timeout) }
    }

    /// Nothing but the bytes that have come will come.
    override var isAtEnd: Bool { willEnd && input.isEmpty && trailers.isEmpty && !hasFailed }

    // MARK: Events

    /// The connection is open.
    func connected() {
        guard state == .connecting, let exchange else { return }
        state = .active
        exchange.connected()
    }

    /// The connection could not be opened.
    func connectFailed(_ failure: AttemptFailure) { exchange?.attemptFailed(failure) }

    func received(_ bytes: UnsafeRawBufferPointer) {
        guard exchange != nil else { return }
        core.buffers.append(bytes, to: &input)
        mayReadNow()
    }

    func receivedTrailers(_ lines: UnsafeRawBufferPointer) { core.buffers.append(lines, to: &trailers) }

    func remoteEnded() {
        willEnd = true
        mayReadNow()
    }

    func drained() { loop.runAgain(self) }

    /// The session has let go of the stream.
    func streamClosed(code: UInt32) {
        stream = nil
        owner = nil
        if !willEnd {
            hasFailed = true
            // RFC 9113 §8.7.
            wasRefused = code == HTTP2ErrorCode.refusedStream
        }
        willEnd = true
        if state == .closed { return retire() }
        mayReadNow()
    }

    private func mayReadNow() {
        mayRead = true
        loop.runAgain(self)
    }

    override func resume() {
        guard state == .active, let exchange else { return }
        if exchange.wantsToSend, stream != nil { exchange.sendRequest(over: self) }
        if mayRead, state == .active, self.exchange === exchange { exchange.readResponse(from: self) }
    }

    override func deadlinePassed() {
        switch state {
        case .connecting: exchange?.attemptFailed(.connectTimedOut)
        case .active:
            owner?.streamTimedOut()
            exchange?.upstreamTimedOut()
        default: return
        }
    }

    // MARK: Bytes

    override func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        guard !input.isEmpty else {
            mayRead = false
            if hasFailed { return .failed(0) }
            return willEnd ? .ended : .wouldBlock
        }
        let count = min(memory.count, input.count)
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: input.bytes[..<count]))
        input.consumed(count)
        if input.isEmpty {
            core.buffers.give(&input)
            if !willEnd { mayRead = false }
        }
        if let stream, let owner {
            owner.session.consumed(stream, count)
            owner.wantsFlush()
        }
        return .bytes(count)
    }

    override func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        guard let owner, let exchange, !hasFailed else { return .failed(0) }
        owner.wantsFlush()
        guard let stream else {
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, exchange.headCount)])
            stream = owner.open(head, hasBody: exchange.framing != .none, for: self)
            return stream == nil ? .failed(0) : .bytes(head.count)
        }
        guard stream.queue.isEmpty else { return .wouldBlock }
        owner.session.write(stream, bytes, isLast: exchange.endsRequest(bytes.count))
        return .bytes(bytes.count)
    }

    override func requestEnded() {
        guard let stream, let owner else { return }
        let trailers = exchange?.requestTrailers.bytes
        owner.session.finish(stream, trailers: trailers ?? UnsafeRawBufferPointer(start: nil, count: 0))
        owner.wantsFlush()
    }

    // MARK: The end

    override func close() {
        guard state != .closed else { return }
        state = .closed
        exchange = nil
        mayRead = false
        loop.setDeadline(self, at: .max)
        guard let owner else { return retire() }
        guard let stream else {
            owner.forget(self)
            return retire()
        }
        owner.session.reset(stream, HTTP2ErrorCode.cancel)
        owner.wantsFlush()
    }

    override func release(isReusable: Bool) { close() }

    private func retire() {
        guard slot != EventHandler.unregistered else { return }
        owner = nil
        core.buffers.give(&input)
        core.buffers.give(&trailers)
        loop.unregister(self)
        core.giveBack(self)
    }
}
