import EventLoop
import Glibc
import TLSEngine
import Upstreams

/// One connection to an endpoint. It carries one exchange at a time and waits in the endpoint's pool in between.
final class UpstreamConnection: UpstreamCarrier {
    /// How long a connection above the pool's limit waits for another request.
    private static let surplusMilliseconds: UInt32 = 1_000

    let descriptor: Int32
    /// The session that it carries, where many exchanges share it.
    @exclusivity(unchecked) var http2: UpstreamHTTP2?
    /// The records that it speaks in place of HTTP.
    private let fastCGI: FastCGIExchange?
    /// How TLS is spoken over it; nil for a plain one.
    private let peer: TLSPeer?
    /// From the handshake on.
    @exclusivity(unchecked) var tls: TLSSession?
    /// Records that the kernel did not take.
    @exclusivity(unchecked) var output = PooledBuffer()
    /// Our half ends when `output` is out.
    @exclusivity(unchecked) var endsAfterOutput = false
    /// The loop's time when it was opened.
    private let openedAt: UInt64
    /// Requests that it has carried.
    @exclusivity(unchecked) private var requests: UInt32 = 0

    private init(core: WorkerCore, descriptor: Int32, endpoint: UpstreamEndpoint, peer: TLSPeer?, isFastCGI: Bool) {
        self.descriptor = descriptor
        self.peer = peer
        fastCGI = isFastCGI ? FastCGIExchange(buffers: core.buffers) : nil
        openedAt = core.loop.now
        super.init(core: core, endpoint: endpoint, isStream: isFastCGI)
    }

    /// Begins to connect, for an exchange that is told when the connection is ready.
    static func connect(
        to endpoint: UpstreamEndpoint, over peer: TLSPeer?, for exchange: Exchange, core: WorkerCore, timeout: UInt32
    ) -> UpstreamConnection? {
        let isFastCGI = exchange.policy.backendProtocol == .fastCGI
        let connection = open(to: endpoint, over: peer, core: core, timeout: timeout, isFastCGI: isFastCGI)
        connection?.exchange = exchange
        return connection
    }

    /// Begins to connect, for whoever is set before the next turn.
    static func open(
        to endpoint: UpstreamEndpoint, over peer: TLSPeer?, core: WorkerCore, timeout: UInt32, isFastCGI: Bool = false
    ) -> UpstreamConnection? {
        guard let descriptor = try? Socket.connect(to: endpoint.address) else { return nil }
        let connection = UpstreamConnection(
            core: core, descriptor: descriptor, endpoint: endpoint, peer: peer, isFastCGI: isFastCGI)
        do { try core.loop.register(connection, descriptor: descriptor, for: .stream) } catch {
            Glibc.close(descriptor)
            return nil
        }
        core.counters.upstreamConnects += 1
        core.counters.openUpstreamConnections += 1
        core.loop.setDeadline(connection, after: timeout)
        return connection
    }

    override func ready(_ events: UInt32) {
        let events = Readiness(rawValue: events)
        if events.mayRead { mayRead = true }
        if events.willEnd { willEnd = true }
        switch state {
        case .idle:
            // Nothing may come between requests: the peer closed it, or speaks out of turn.
            if mayRead, tls.map(isStillQuiet) != true { discard() }
        case .connecting:
            guard events.hasConnected else { return }
            guard Socket.connectionError(descriptor) == 0 else { return connectFailed(.connectFailed) }
            if let peer { return beginHandshake(with: peer) }
            opened()
        case .handshake: if let tls { shakeHands(tls) }
        case .active:
            if events.isWritable {
                if let fastCGI { _ = fastCGI.flush(self) }
                // What was lost shows in reading: the endpoint may have answered before.
                if !output.isEmpty, !flushRecords() { mayRead = true }
            }
            work(maySend: events.isWritable)
        case .http2:
            if events.isWritable {
                if !output.isEmpty, !flushRecords() { return close() }
                http2?.flush()
            }
            if mayRead { http2?.read() }
        case .closed: return
        }
    }

    /// The connection did not come about.
    func connectFailed(_ failure: AttemptFailure) {
        if let http2 { return http2.connectFailed(failure) }
        exchange?.attemptFailed(failure)
    }

    /// The connection may be used.
    func opened() {
        if let http2 {
            state = .http2
            return http2.connected()
        }
        state = .active
        exchange?.connected()
    }

    override func resume() {
        if state == .active { return work(maySend: true) }
        if state == .handshake, let tls { return shakeHands(tls) }
        guard state == .http2 else { return }
        http2?.flush()
        if mayRead { http2?.read() }
    }

    private func work(maySend: Bool) {
        guard let exchange else { return }
        if maySend, exchange.wantsToSend {
            exchange.sendRequest(over: self)
            guard state == .active, self.exchange === exchange else { return }
        }
        if mayRead { exchange.readResponse(from: self) }
    }

    override func deadlinePassed() {
        switch state {
        case .idle: discard()
        case .connecting, .handshake: connectFailed(.connectTimedOut)
        case .active: exchange?.upstreamTimedOut()
        case .http2: http2?.deadlinePassed()
        case .closed: return
        }
    }

    /// Leaves the pool and closes.
    private func discard() {
        endpoint.removeIdle(self)
        close()
    }

    override func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        if let fastCGI { return fastCGI.receive(into: memory, from: self) }
        return receivePlain(into: memory)
    }

    /// Reads bytes as they come over the connection.
    func receivePlain(into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        if let tls { return receive(over: tls, into: memory) }
        let transfer = Socket.receive(descriptor, into: memory)
        switch transfer {
        case .bytes(let count): if count < memory.count, !willEnd { mayRead = false }
        case .wouldBlock: mayRead = false
        case .ended, .failed: break
        }
        return transfer
    }

    override func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        if let fastCGI, let exchange { return fastCGI.send(bytes, for: exchange, over: self) }
        return sendPlain(bytes)
    }

    /// Sends bytes as they go over the connection.
    func sendPlain(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        if let tls { return send(bytes, over: tls) }
        return Socket.send(descriptor, bytes)
    }

    override func requestEnded() { fastCGI?.end(self) }

    override func shutdownWriting() {
        if let tls { return shutdownWriting(tls) }
        Socket.shutdownWriting(descriptor)
    }

    override func close() {
        guard state != .closed else { return }
        state = .closed
        exchange = nil
        if let http2 { http2.connectionWasLost() }
        core.buffers.give(&input)
        core.buffers.give(&trailers)
        if let tls { endSession(tls) }
        fastCGI?.free(self)
        loop.unregister(self)
        Glibc.close(descriptor)
        core.counters.openUpstreamConnections -= 1
    }

    /// Goes back to the pool after a response, or closes where it may not be used again.
    override func release(isReusable: Bool) {
        exchange = nil
        if !trailers.isEmpty { core.buffers.give(&trailers) }
        requests += 1
        let limits = core.tables.poolLimits
        let age = loop.now - openedAt
        guard isReusable, !core.isDraining, !willEnd, !mayRead, input.isEmpty, output.isEmpty,
            requests < limits.requests, age < UInt64(limits.ageMilliseconds), peer?.isCurrent != false
        else { return close() }
        switch endpoint.putIdle(self, pool: peer?.pool ?? 0, limit: limits.connections) {
        case .none: return close()
        case .regular: loop.setDeadline(self, after: limits.idleMilliseconds)
        case .surplus: loop.setDeadline(self, after: min(limits.idleMilliseconds, Self.surplusMilliseconds))
        }
        state = .idle
    }

    /// Takes up an exchange, coming from the pool.
    func reuse(for exchange: Exchange) {
        self.exchange = exchange
        state = .active
        // That of its waiting ends here.
        loop.setDeadline(self, at: .max)
        core.counters.upstreamReuses += 1
    }
}
