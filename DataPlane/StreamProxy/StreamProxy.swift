import EventLoop
import Glibc
import PorticoModel
import Upstreams

/// The TCP and UDP services of one worker.
///
/// A port is served while two things are there: the service, which the configuration brings, and its sockets, which the
/// supervisor opens and hands over. They come and go in any order. What was accepted goes on with the service that it
/// began with, whatever changes; only the datagram sessions of a port end with its sockets, through which they answer.
package final class StreamProxy {
    /// Read at once from one side of a connection; no datagram is longer.
    static let readCount = 64 << 10

    let loop: EventLoop
    let buffers: BufferPool
    let upstreams: UpstreamDirectory
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: StreamProxy.readCount, alignment: 64)
    /// Sessions at once, TCP and UDP together.
    package var maximumSessions: UInt64 = 16_384
    package private(set) var openSessions: UInt64 = 0
    /// By port; ports that are gone keep what they counted.
    package private(set) var counters: [StreamService.Port: StreamCounters] = [:]

    /// Connections that others accepted.
    package let passthrough = StreamCounters()
    /// Told of every session that is over, and of those that were turned away.
    package var record: ((borrowing StreamRecord) -> Void)?

    private var services: [StreamService.Port: StreamService] = [:]
    private var listeners: [StreamService.Port: [StreamSocket]] = [:]
    private var isDraining = false

    package init(loop: EventLoop, buffers: BufferPool, upstreams: UpstreamDirectory) {
        self.loop = loop
        self.buffers = buffers
        self.upstreams = upstreams
    }

    deinit { memory.deallocate() }

    // MARK: Configuration

    /// Takes the changes of a version.
    package func apply(changed: [Section], removed: [SectionName]) {
        for section in changed {
            guard case .stream(let service) = section else { continue }
            services[service.port] = service
            for listener in listeners[service.port] ?? [] { listener.listen() }
        }
        for name in removed where name.kind == .streamService {
            guard let port = StreamService.Port(name.name) else { continue }
            services[port] = nil
            for listener in listeners[port] ?? [] { listener.pause() }
        }
    }

    func service(_ port: StreamService.Port) -> StreamService? { services[port] }

    // MARK: Sockets

    /// Takes a socket of the supervisor's, and owns it from here on.
    package func adopt(_ descriptor: Int32, for port: StreamService.Port) {
        guard !isDraining else {
            close(descriptor)
            return
        }
        let counters = self.counters[port] ?? StreamCounters()
        self.counters[port] = counters
        let listener: StreamSocket =
            port.transport == .tcp
            ? StreamListener(proxy: self, descriptor: descriptor, port: port, counters: counters)
            : DatagramListener(proxy: self, descriptor: descriptor, port: port, counters: counters)
        listeners[port, default: []].append(listener)
        if services[port] != nil { listener.listen() }
    }

    /// The supervisor has closed the port.
    package func release(_ port: StreamService.Port) {
        for listener in listeners.removeValue(forKey: port) ?? [] { listener.end() }
    }

    /// Takes no new sessions. Connections go on; a datagram session has no end of its own to wait for.
    package func drain() {
        isDraining = true
        for port in Array(listeners.keys) { release(port) }
    }

    // MARK: Sessions

    /// Carries on a connection whose endpoint ends TLS itself (`ssl-passthrough`).
    /// - Parameters:
    ///   - client: owned from here on, and not in the loop.
    ///   - received: what was read of it, which the endpoint gets first.
    package func carry(
        _ client: Int32, of peer: SocketAddress, at port: UInt16, received: UnsafeRawBufferPointer,
        to upstream: String
    ) {
        var service = StreamService(port: StreamService.Port(.tcp, port), upstream: upstream)
        service.settings.connectMilliseconds = StreamProxy.passthroughConnectMilliseconds
        service.settings.idleMilliseconds = StreamProxy.passthroughIdleMilliseconds
        guard begin(passthrough) else {
            close(client)
            return
        }
        StreamTunnel(proxy: self, service: service, counters: passthrough, client: client, peer: peer)
            .start(received: received)
    }

    private static let passthroughConnectMilliseconds: UInt32 = 5_000
    private static let passthroughIdleMilliseconds: UInt32 = 3_600_000

    /// - Returns: false when there are as many as there may be.
    func begin(_ counters: StreamCounters) -> Bool {
        guard openSessions < maximumSessions else {
            counters.refusedSessions += 1
            return false
        }
        openSessions += 1
        counters.openSessions += 1
        counters.sessions += 1
        return true
    }

    func finish(_ counters: StreamCounters) {
        openSessions -= 1
        counters.openSessions -= 1
    }

    func log(_ session: borrowing StreamRecord) { record?(session) }
}
