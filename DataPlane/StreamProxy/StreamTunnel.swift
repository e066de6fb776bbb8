import EventLoop
import Glibc
import HTTPCore
import PorticoModel
import Upstreams

/// One connection of a TCP service, from client to endpoint and back, unread.
///
/// States: `readingHeader` (where the service decodes the PROXY protocol) → `connecting`, once for each endpoint that is
/// tried → `open` → `closed`. Bytes that one side does not take wait in its buffer, and meanwhile nothing more is read from
/// the other. An end of stream is passed on when all before it was; the tunnel closes when both sides have ended, when
/// one fails, or after a silence of both.
final class StreamTunnel {
    private enum State { case readingHeader, connecting, open, closed }

    /// What one side may send per turn.
    private static let budget = 8

    private let proxy: StreamProxy
    private let service: StreamService
    private let counters: StreamCounters
    private var state = State.connecting
    private var client: TunnelEnd!
    private var server: TunnelEnd?
    private var endpoint: UpstreamEndpoint?
    private var record: StreamRecord
    private var tried: UInt64 = 0
    private var attempts: UInt32 = 0

    init(proxy: StreamProxy, service: StreamService, counters: StreamCounters, client: Int32, peer: SocketAddress) {
        self.proxy = proxy
        self.service = service
        self.counters = counters
        record = StreamRecord(service, client: peer, local: Socket.localAddress(client), at: proxy.loop.now)
        self.client = TunnelEnd(descriptor: client, tunnel: self)
    }

    /// - Parameter received: what the client has said already.
    func start(received: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        if !received.isEmpty { proxy.buffers.append(received, to: &pending) }
        do { try proxy.loop.register(client, descriptor: client.descriptor, for: .stream) } catch { return close() }
        if service.decodesProxyProtocol {
            state = .readingHeader
            proxy.loop.setDeadline(client, after: service.settings.connectMilliseconds)
        } else {
            connect()
        }
    }

    // MARK: Events

    func ready(_ end: TunnelEnd, _ events: Readiness) {
        if end === server, state == .connecting {
            guard events.hasConnected else { return }
            let code = Socket.connectionError(end.descriptor)
            guard code == 0 else { return attemptFailed() }
            connected()
        }
        if events.mayRead { end.mayRead = true }
        if state == .readingHeader { return readHeader() }
        advance()
    }

    func deadlinePassed(_ end: TunnelEnd) {
        counters.timeouts += 1
        if state == .connecting, end === server { attemptFailed() } else { close() }
    }

    // MARK: The client's PROXY protocol header

    private func readHeader() {
        while client.mayRead, state == .readingHeader {
            switch Socket.receive(client.descriptor, into: proxy.memory) {
            case .bytes(let count):
                proxy.buffers.append(.init(rebasing: proxy.memory[..<count]), to: &pending)
                parseHeader()
            case .wouldBlock: client.mayRead = false
            case .ended, .failed: return close()
            }
        }
    }

    /// What the client sent before there was an endpoint.
    private var pending = PooledBuffer()

    private func parseHeader() {
        switch ProxyProtocolParser.parse(pending.bytes) {
        case .incomplete: return
        case .failed:
            counters.malformedHeaders += 1
            record.outcome = .malformed
            close()
        case .complete(let count, let addresses):
            pending.consumed(count)
            record.announced = addresses
            proxy.loop.setDeadline(client, at: .max)
            connect()
        }
    }

    // MARK: The endpoint

    private func connect() {
        state = .connecting
        let upstream = proxy.upstreams.upstream(named: service.upstream)
        guard let chosen = upstream.choose(at: proxy.loop.now, tried: tried) else {
            counters.unservedSessions += 1
            return close()
        }
        endpoint = chosen
        record.endpoints.append(chosen)
        attempts += 1
        Upstream.mark(chosen, in: &tried)
        do {
            let descriptor = try Socket.connect(to: chosen.address)
            let end = TunnelEnd(descriptor: descriptor, tunnel: self)
            server = end
            try proxy.loop.register(end, descriptor: descriptor, for: .stream)
            proxy.loop.setDeadline(end, after: service.settings.connectMilliseconds)
        } catch {
            attemptFailed()
        }
    }

    private func attemptFailed() {
        counters.failedAttempts += 1
        let now = proxy.loop.now
        _ = endpoint?.failed(at: now)
        discard(&server)
        let settings = service.settings
        let tries = settings.tries == 0 ? UInt32(clamping: endpoint?.upstream.endpoints.count ?? 0) : settings.tries
        let isInTime = settings.retryMilliseconds == 0 || now - record.startedAt < UInt64(settings.retryMilliseconds)
        guard settings.triesNextEndpoint, attempts < tries, isInTime else {
            counters.unservedSessions += 1
            return close()
        }
        connect()
    }

    private func connected() {
        guard let server else { return }
        state = .open
        record.outcome = .served
        record.connectedAt = proxy.loop.now
        endpoint?.succeeded()
        proxy.loop.setDeadline(server, at: .max)
        if service.encodesProxyProtocol {
            let header = ProxyProtocolLine.text(
                record.announced, peer: record.client, local: record.local)
            var bytes = header
            bytes.withUTF8 { proxy.buffers.append(UnsafeRawBufferPointer($0), to: &server.output) }
        }
        proxy.buffers.append(pending.bytes, to: &server.output)
        counters.receivedBytes += UInt64(pending.count)
        record.receivedBytes += UInt64(pending.count)
        proxy.buffers.give(&pending)
        touch()
    }

    // MARK: Moving bytes

    /// Moves what can be moved, in both directions.
    func advance() {
        guard state == .open, let server else { return }
        guard flush(client), flush(server), move(from: client, to: server), move(from: server, to: client) else {
            return close()
        }
        passEnd(from: client, to: server)
        passEnd(from: server, to: client)
        if client.hasEnded, server.hasEnded, client.output.isEmpty, server.output.isEmpty { close() }
    }

    /// - Returns: false when the connection is broken.
    private func flush(_ end: TunnelEnd) -> Bool {
        while !end.output.isEmpty {
            switch Socket.send(end.descriptor, end.output.bytes) {
            case .bytes(let count): end.output.consumed(count)
            case .wouldBlock: return true
            case .ended, .failed: return false
            }
        }
        proxy.buffers.give(&end.output)
        return true
    }

    private func move(from source: TunnelEnd, to sink: TunnelEnd) -> Bool {
        var turns = 0
        while source.mayRead, !source.hasEnded, sink.output.isEmpty {
            guard turns < StreamTunnel.budget else {
                proxy.loop.runAgain(source)
                return true
            }
            turns += 1
            switch Socket.receive(source.descriptor, into: proxy.memory) {
            case .bytes(let count):
                if source === client {
                    counters.receivedBytes += UInt64(count)
                    record.receivedBytes += UInt64(count)
                } else {
                    counters.sentBytes += UInt64(count)
                    record.sentBytes += UInt64(count)
                }
                guard send(.init(rebasing: proxy.memory[..<count]), to: sink) else { return false }
                touch()
            case .wouldBlock: source.mayRead = false
            case .ended: source.hasEnded = true
            case .failed: return false
            }
        }
        return true
    }

    private func send(_ bytes: UnsafeRawBufferPointer, to sink: TunnelEnd) -> Bool {
        switch Socket.send(sink.descriptor, bytes) {
        case .bytes(let count):
            if count < bytes.count { proxy.buffers.append(.init(rebasing: bytes[count...]), to: &sink.output) }
            return true
        case .wouldBlock:
            proxy.buffers.append(bytes, to: &sink.output)
            return true
        case .ended, .failed: return false
        }
    }

    private func passEnd(from source: TunnelEnd, to sink: TunnelEnd) {
        guard source.hasEnded, !sink.isShut, sink.output.isEmpty else { return }
        sink.isShut = true
        Socket.shutdownWriting(sink.descriptor)
    }

    private func touch() { proxy.loop.setDeadline(client, after: service.settings.idleMilliseconds) }

    // MARK: The end

    func close() {
        guard state != .closed else { return }
        state = .closed
        proxy.buffers.give(&pending)
        discard(&server)
        var end: TunnelEnd? = client
        discard(&end)
        record.endedAt = proxy.loop.now
        proxy.log(record)
        proxy.finish(counters)
    }

    private func discard(_ end: inout TunnelEnd?) {
        guard let gone = end else { return }
        end = nil
        gone.tunnel = nil
        proxy.buffers.give(&gone.output)
        proxy.loop.unregister(gone)
        Glibc.close(gone.descriptor)
    }
}
