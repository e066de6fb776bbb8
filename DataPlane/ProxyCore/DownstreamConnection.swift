import EventLoop
import Glibc
import HTTPCore
import Policies

/// One client's connection. Idle, it owns no buffer and no exchange.
///
/// States:
/// - proxyHeader: a PROXY protocol header is awaited.
/// - handshake: TLS is being set up.
/// - idle: no byte of the next request has come.
/// - readingHead: a part of a head waits in `input`.
/// - readingBody: the exchange takes the request's body.
/// - waiting: the request is complete, or the exchange wants no more of it now; bytes stay in the kernel.
/// - flushing: the connection closes once `output` is out.
/// - lingering: closed for writing; what comes is thrown away for a while, so that the client reads the last answer.
/// - tunnel: bytes are carried both ways.
/// - http2: the connection's bytes belong to an HTTP/2 session, which has exchanges of its own.
/// - closed.
final class DownstreamConnection: Downstream {
    let descriptor: Int32
    @exclusivity(unchecked) var requests: UInt32 = 0
    @exclusivity(unchecked) var progress = HeadProgress()
    @exclusivity(unchecked) var http2: DownstreamHTTP2?

    init(core: WorkerCore, descriptor: Int32, peer: SocketAddress, localPort: UInt16, isSecure: Bool = false) {
        self.descriptor = descriptor
        super.init(
            core: core, peer: peer, localPort: localPort,
            state: core.tables.globals.usesProxyProtocol ? .proxyHeader : isSecure ? .handshake : .idle)
        if isSecure { flags.insert(.isSecure) }
    }

    override var requestCount: UInt32 { requests }
    override var localAddress: SocketAddress? { Socket.localAddress(descriptor) }

    /// Takes the connection into the loop and reads what has come.
    func open() {
        // Most clients take their responses at once: writes are watched from the first one that has to wait.
        do { try loop.register(self, descriptor: descriptor, for: .incoming) } catch {
            Glibc.close(descriptor)
            state = .closed
            return
        }
        core.counters.handledConnections += 1
        core.counters.openConnections += 1
        if state == .proxyHeader {
            loop.setDeadline(self, after: core.tables.globals.proxyProtocolTimeoutMilliseconds)
        } else {
            awaitFirstBytes()
        }
        flags.insert(.mayRead)
        read()
    }

    /// Closes at once, whatever is under way.
    override func close() {
        guard state != .closed else { return }
        state = .closed
        if let exchange {
            self.exchange = nil
            exchange.downstreamWasLost()
        }
        if let http2 { http2.connectionWasLost() }
        if flags.contains(.isSecure) { endSession() }
        core.buffers.give(&input)
        core.buffers.give(&output)
        loop.unregister(self)
        Glibc.close(descriptor)
        core.counters.openConnections -= 1
    }

    // MARK: Events

    override func ready(_ events: UInt32) {
        let events = Readiness(rawValue: events)
        if events.hasFailed { return close() }
        if events.mayRead { flags.insert(.mayRead) }
        if events.willEnd { flags.insert(.willEnd) }
        if !output.isEmpty {
            if events.isWritable { flush() }
            if state == .closed { return }
        }
        if flags.contains(.mayRead) { read() }
        closeIfAbandoned()
    }

    override func resume() {
        if state == .http2 { http2?.flush() }
        read()
        closeIfAbandoned()
    }

    /// A client that ends its side does not wait for its response any more, and the request is cancelled: as nginx has it
    /// where it does not ignore client aborts, though the client may have meant to end only its own sending.
    func closeIfAbandoned() {
        if flags.contains(.willEnd), state == .waiting { close() }
    }

    private func read() {
        switch state {
        case .idle, .readingHead: readRequests()
        case .readingBody: exchange?.readBody()
        case .proxyHeader: readProxyHeader()
        case .handshake: readHandshake()
        case .tunnel: exchange?.pumpDownstream()
        case .lingering: discardInput()
        case .http2: http2?.read()
        case .waiting, .flushing, .closed: return
        }
    }

    override func deadlinePassed() {
        switch state {
        case .idle, .proxyHeader, .lingering, .closed: close()
        case .handshake:
            core.counters.timeouts += 1
            close()
        case .readingHead:
            core.counters.timeouts += 1
            refuse(status: 408)
        case .readingBody, .waiting, .flushing:
            core.counters.timeouts += 1
            // The client took no byte for too long, or sent none.
            if state == .readingBody, output.isEmpty, let exchange { return exchange.answer(status: 408) }
            close()
        case .http2: http2?.deadlinePassed()
        case .tunnel: close()
        }
    }

    // MARK: PROXY protocol

    private func readProxyHeader() {
        guard fillInput() else { return }
        switch ProxyProtocolParser.parse(input.bytes) {
        case .incomplete: if flags.contains(.hasEnded) { close() }
        case .failed:
            core.counters.malformedRequests += 1
            close()
        case .complete(let count, let addresses):
            input.consumed(count)
            if let addresses, core.tables.trustedProxies.contains(peer) {
                peer = SocketAddress(addresses)
                announcedPort = addresses.destinationPort
            }
            awaitFirstBytes()
            if state == .handshake { readHandshake() } else { readRequests() }
        }
    }

    /// Reads once into `input`.
    /// - Returns: whether there is something to look at; else the connection waits or is closed.
    func fillInput() -> Bool {
        core.buffers.reserve(2 << 10, in: &input)
        let space = input.space
        switch receive(into: space) {
        case .bytes(let count):
            input.produced(count)
            return true
        case .wouldBlock:
            if input.isEmpty { core.buffers.give(&input) }
            return false
        case .ended:
            flags.insert(.hasEnded)
            close()
            return false
        case .failed:
            close()
            return false
        }
    }

    override func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        if let tls { return receive(over: tls, into: memory) }
        let transfer = Socket.receive(descriptor, into: memory)
        switch transfer {
        case .bytes(let count):
            core.counters.downstreamBytesRead += UInt64(count)
            // A read that came back short: the kernel has no more for now.
            if count < memory.count, !flags.contains(.willEnd) { flags.remove(.mayRead) }
        case .wouldBlock, .ended: flags.remove(.mayRead)
        case .failed: break
        }
        return transfer
    }

    // MARK: Writing

    override func write(_ bytes: UnsafeRawBufferPointer, headCount: Int, isLast: Bool) -> Bool {
        if let tls { return write(bytes, over: tls) }
        return send(bytes)
    }

    /// Sends bytes as they go over the wire.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if !output.isEmpty {
            core.buffers.append(bytes, to: &output)
            return true
        }
        switch Socket.send(descriptor, bytes) {
        case .bytes(let count):
            core.counters.downstreamBytesWritten += UInt64(count)
            if count == bytes.count { return true }
            keep(UnsafeRawBufferPointer(rebasing: bytes[count...]))
            return true
        case .wouldBlock:
            keep(bytes)
            return true
        case .ended, .failed:
            close()
            return false
        }
    }

    /// The next request, or the end of the connection.
    override func finishResponse() {
        exchange = nil
        if flags.contains(.closesAfterResponse) {
            state = .flushing
            if output.isEmpty { endConnection() }
            return
        }
        state = .idle
        if !output.isEmpty { return }
        awaitNextRequest()
        if !input.isEmpty || flags.contains(.mayRead) { readRequests() }
    }

    override func shutdownWriting() {
        if let tls { close(tls) }
        if state != .closed { Socket.shutdownWriting(descriptor) }
    }

    // MARK: Draining

    private static let drainGraceMilliseconds: UInt32 = 1_000

    /// The worker stops: an idle connection closes, a busy one after its response.
    func drain() {
        switch state {
        case .idle:
            flags.insert([.closesAfterResponse, .mayRead])
            let isFresh = requests == 0
            // A request may have come just now; a connection that was just accepted has a moment to send its first.
            readRequests()
            guard state == .idle else { return }
            if isFresh { loop.setDeadline(self, after: Self.drainGraceMilliseconds) } else { close() }
        case .proxyHeader, .handshake: close()
        case .http2: http2?.drain()
        default: flags.insert(.closesAfterResponse)
        }
    }
}

extension SocketAddress {
    /// The source that a PROXY protocol header names.
    init(_ addresses: ProxyProtocolAddresses) {
        let bytes = withUnsafeBytes(of: (addresses.source.high.bigEndian, addresses.source.low.bigEndian)) {
            Array($0.prefix(addresses.isIPv6 ? 16 : 4))
        }
        self = SocketAddress(bytes: bytes, port: addresses.sourcePort) ?? .loopback(port: 0)
    }
}
