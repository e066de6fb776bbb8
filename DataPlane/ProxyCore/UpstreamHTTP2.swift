import EventLoop
import HTTP2Core
import TLSEngine
import Upstreams

/// A connection to an endpoint that speaks HTTP/2 and is shared by many exchanges.
///
/// It stands in its endpoint's list as long as it takes requests, and closes when it takes none and carries none.
final class UpstreamHTTP2: HTTP2Events {
    private static let readBudget = 4
    /// Streams before the endpoint has said how many it takes (RFC 9113 §6.5.2 recommends that it take 100).
    private static let firstStreamLimit = 100
    private static let streamLimit = 1_000
    /// Silence after which an endpoint with open streams is asked whether it is there. Applications take more frequent
    /// questions for abuse (gRPC: A8).
    private static let silenceMilliseconds: UInt32 = 300_000
    private static let answerMilliseconds: UInt32 = 10_000
    private static let goodbyeMilliseconds: UInt32 = 5_000

    unowned(unsafe) let connection: UpstreamConnection
    private let core: WorkerCore
    private let loop: EventLoop
    /// How TLS is spoken; nil for a plain connection.
    private let peer: TLSPeer?
    private let openedAt: UInt64
    @exclusivity(unchecked) private(set) var session: HTTP2Session
    @exclusivity(unchecked) private(set) var isConnected = false
    @exclusivity(unchecked) private var knowsLimit = false
    @exclusivity(unchecked) private var isRetired = false
    /// The endpoint was asked whether it is there, and has said nothing since.
    @exclusivity(unchecked) private(set) var isInDoubt = false
    @exclusivity(unchecked) private var hasHeard = false
    @exclusivity(unchecked) private var streamCount = 0
    @exclusivity(unchecked) private unowned(unsafe) var first: UpstreamStream?

    private init(connection: UpstreamConnection, peer: TLSPeer?) {
        self.connection = connection
        self.peer = peer
        core = connection.core
        loop = connection.loop
        openedAt = connection.loop.now
        session = HTTP2Session(.client, Self.limits, context: core.http2)
        super.init()
        session.events = self
    }

    private static let limits: HTTP2Limits = {
        var limits = HTTP2Limits()
        limits.fieldBytes = 32 << 10
        limits.streamWindow = 256 << 10
        limits.connectionWindow = 4 << 20
        return limits
    }()

    /// A stream to the endpoint, on a connection that is open, or is being opened now.
    /// - Parameter isFresh: only a connection that has carried nothing will do.
    static func stream(
        to endpoint: UpstreamEndpoint, over peer: TLSPeer?, for exchange: Exchange, isFresh: Bool, timeout: UInt32
    ) -> UpstreamStream? {
        let core = exchange.core
        var owner: UpstreamHTTP2?
        for index in 0..<endpoint.sharedCount {
            let connection = unsafeDowncast(endpoint.shared(at: index), to: UpstreamConnection.self)
            guard let candidate = connection.http2, candidate.peer === peer, candidate.takesRequests,
                !isFresh || candidate.session.streamsBegun == 0
            else { continue }
            owner = candidate
            break
        }
        if owner == nil {
            guard let connection = UpstreamConnection.open(to: endpoint, over: peer, core: core, timeout: timeout)
            else { return nil }
            let opened = UpstreamHTTP2(connection: connection, peer: peer)
            connection.http2 = opened
            endpoint.addShared(connection)
            owner = opened
        }
        guard let owner else { return nil }
        let stream = core.takeUpstreamStream(for: endpoint)
        stream.begin(exchange, on: owner, at: endpoint, timeout: timeout)
        owner.link(stream)
        return stream
    }

    /// Whether another stream may begin.
    private var takesRequests: Bool {
        let limits = core.tables.poolLimits
        guard !isRetired, !isInDoubt, session.takesRequests, session.streamsBegun < limits.requests,
            loop.now - openedAt < UInt64(limits.ageMilliseconds)
        else { return false }
        let limit = knowsLimit ? min(Self.streamLimit, Int(session.remoteStreamLimit)) : Self.firstStreamLimit
        return streamCount < limit
    }

    // MARK: The connection

    func connected() {
        isConnected = true
        awaitActivity()
        var stream = first
        while let current = stream {
            stream = current.next
            current.connected()
        }
        wantsFlush()
    }

    func connectFailed(_ failure: AttemptFailure) {
        leaveEndpoint()
        while let stream = first {
            unlink(stream)
            stream.owner = nil
            stream.connectFailed(failure)
        }
        connection.close()
    }

    /// The connection is closed: so are its streams.
    func connectionWasLost() {
        leaveEndpoint()
        while let stream = first {
            unlink(stream)
            stream.streamClosed(code: HTTP2ErrorCode.internalError)
        }
    }

    private func leaveEndpoint() {
        guard !isRetired else { return }
        isRetired = true
        connection.endpoint.removeShared(connection)
    }

    /// Takes no more requests, and closes after those that are under way.
    func retire() {
        leaveEndpoint()
        if streamCount == 0 { end() }
    }

    private func end() {
        session.end(HTTP2ErrorCode.noError)
        loop.setDeadline(connection, after: Self.goodbyeMilliseconds)
        wantsFlush()
    }

    // MARK: Silence

    func deadlinePassed() {
        if isInDoubt || isRetired && streamCount == 0 { return connection.close() }
        if streamCount == 0 { return retire() }
        if !hasHeard { return question() }
        awaitActivity()
    }

    /// A request got no answer in time. Should the endpoint be gone without a word, others must not wait for it too.
    func streamTimedOut() { question() }

    private func question() {
        guard isConnected, !isInDoubt else { return }
        isInDoubt = true
        session.ping()
        loop.setDeadline(connection, after: Self.answerMilliseconds)
        wantsFlush()
    }

    private func heard() {
        hasHeard = true
        guard isInDoubt else { return }
        isInDoubt = false
        awaitActivity()
    }

    private func awaitActivity() {
        hasHeard = false
        let isIdle = streamCount == 0
        loop.setDeadline(connection, after: isIdle ? core.tables.poolLimits.idleMilliseconds : Self.silenceMilliseconds)
    }

    // MARK: Bytes

    func read() {
        var budget = Self.readBudget
        while connection.mayRead, connection.state == .http2 {
            if budget == 0 { return loop.runAgain(connection) }
            budget -= 1
            // Streams take what concerns them in turns of their own, so nobody else uses the memory meanwhile.
            switch connection.receive(into: core.upstreamRead) {
            case .bytes(let count):
                heard()
                let bytes = UnsafeRawBufferPointer(rebasing: core.upstreamRead[..<count])
                if !session.receive(bytes, at: loop.now) { leaveEndpoint() }
                wantsFlush()
            case .wouldBlock: return
            case .ended, .failed: return connection.close()
            }
        }
    }

    /// The connection's next turn is to send.
    func wantsFlush() { if isConnected { loop.runAgain(connection) } }

    func flush() {
        guard isConnected else { return }
        while true {
            session.collect()
            if session.output.isEmpty { break }
            switch connection.send(session.output.bytes) {
            case .bytes(let count): session.output.consumed(count)
            case .wouldBlock: return
            case .ended, .failed: return connection.close()
            }
        }
        core.buffers.give(&session.output)
        if session.isOver { connection.close() }
    }

    // MARK: Streams

    private func link(_ stream: UpstreamStream) {
        let wasIdle = streamCount == 0 && isConnected
        if isConnected { core.counters.upstreamReuses += 1 }
        streamCount += 1
        stream.next = first
        first?.previous = stream
        first = stream
        if wasIdle { awaitActivity() }
    }

    private func unlink(_ stream: UpstreamStream) {
        streamCount -= 1
        stream.next?.previous = stream.previous
        if let previous = stream.previous { previous.next = stream.next } else { first = stream.next }
        stream.next = nil
        stream.previous = nil
        guard streamCount == 0 else { return }
        if isConnected, !isRetired, !core.isDraining {
            if !isInDoubt { awaitActivity() }
        } else {
            retire()
        }
    }

    /// Sends a request's head.
    func open(_ head: UnsafeRawBufferPointer, hasBody: Bool, for stream: UpstreamStream) -> HTTP2Stream? {
        session.request(
            head, scheme: peer == nil ? "http" : "https", takesTrailers: true, hasBody: hasBody, owner: stream)
    }

    /// A stream that has sent nothing is not wanted any more.
    func forget(_ stream: UpstreamStream) {
        unlink(stream)
        if streamCount == 0, !isConnected { connection.close() }
    }

    private func handler(_ stream: HTTP2Stream) -> UpstreamStream? {
        stream.owner.map { unsafeDowncast($0, to: UpstreamStream.self) }
    }

    // MARK: Events

    override func responseHead(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) { handler(stream)?.received(head) }

    override func data(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        guard let handler = handler(stream), handler.exchange != nil else {
            return session.consumed(stream, bytes.count)
        }
        handler.received(bytes)
    }

    override func trailers(_ stream: HTTP2Stream, lines: UnsafeRawBufferPointer) {
        handler(stream)?.receivedTrailers(lines)
    }

    override func remoteEnded(_ stream: HTTP2Stream) { handler(stream)?.remoteEnded() }

    override func drained(_ stream: HTTP2Stream) { handler(stream)?.drained() }

    override func streamClosed(_ stream: HTTP2Stream, code: UInt32) {
        guard let handler = handler(stream) else { return }
        unlink(handler)
        handler.streamClosed(code: code)
    }

    override func goAwayCame(code: UInt32) {
        leaveEndpoint()
        if streamCount == 0 { end() }
    }

    override func settingsCame() { knowsLimit = true }
}
