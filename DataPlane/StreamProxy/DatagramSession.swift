import EventLoop
import Glibc
import PorticoModel
import Upstreams

/// The datagrams between one client and one endpoint of a UDP service.
///
/// It ends when the endpoint has answered as often as the service expects, after a silence of both, or when the endpoint
/// cannot be reached; the client's next datagram then begins another.
final class DatagramSession: EventHandler {
    private unowned let listener: DatagramListener
    private let settings: StreamSettings
    private var record: StreamRecord
    private let endpoint: UpstreamEndpoint
    private let descriptor: Int32
    private var requests: UInt64 = 0
    private var responses: UInt64 = 0
    private var isClosed = false

    /// - Returns: nil where there is no endpoint, or no socket.
    init?(listener: DatagramListener, service: StreamService, client: SocketAddress) {
        let loop = listener.proxy.loop
        let upstream = listener.proxy.upstreams.upstream(named: service.upstream)
        var record = StreamRecord(
            service, client: client, local: Socket.localAddress(listener.descriptor), at: loop.now)
        guard let chosen = upstream.choose(at: loop.now, tried: 0) else {
            listener.counters.unservedSessions += 1
            listener.proxy.log(record)
            return nil
        }
        record.endpoints.append(chosen)
        guard let socket = DatagramSocket.connect(to: chosen.address) else {
            listener.counters.failedAttempts += 1
            listener.proxy.log(record)
            return nil
        }
        record.outcome = .served
        record.connectedAt = loop.now
        self.listener = listener
        self.record = record
        settings = service.settings
        endpoint = chosen
        descriptor = socket
        super.init()
        do {
            try loop.register(self, descriptor: socket, for: .readable, edgeTriggered: false)
        } catch {
            Glibc.close(socket)
            return nil
        }
    }

    /// Passes a datagram of the client on.
    func send(_ datagram: UnsafeRawBufferPointer) {
        requests += 1
        record.receivedBytes += UInt64(datagram.count)
        listener.proxy.loop.setDeadline(self, after: settings.idleMilliseconds)
        if Glibc.send(descriptor, datagram.baseAddress, datagram.count, Int32(MSG_NOSIGNAL)) < 0 {
            sendingFailed(errno)
        }
    }

    private func sendingFailed(_ code: Int32) {
        // A full buffer loses the datagram, as the network may.
        if code == EAGAIN || code == EINTR || code == ENOBUFS || code == EMSGSIZE { return }
        fail()
    }

    override func ready(_ events: UInt32) {
        while !isClosed {
            let memory = listener.proxy.memory
            let count = recv(descriptor, memory.baseAddress, memory.count, 0)
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                return code == EAGAIN ? () : fail()
            }
            endpoint.succeeded()
            listener.counters.sentBytes += UInt64(count)
            record.sentBytes += UInt64(count)
            DatagramSocket.send(
                listener.descriptor, UnsafeRawBufferPointer(rebasing: memory[..<count]), to: record.client)
            responses += 1
            listener.proxy.loop.setDeadline(self, after: settings.idleMilliseconds)
            if settings.responses > 0, responses >= requests * UInt64(settings.responses) { close() }
        }
    }

    override func deadlinePassed() {
        if responses == 0 { listener.counters.timeouts += 1 }
        close()
    }

    /// The endpoint's machine says that nobody is there.
    private func fail() {
        listener.counters.failedAttempts += 1
        record.outcome = .unserved
        _ = endpoint.failed(at: listener.proxy.loop.now)
        close()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        listener.proxy.loop.unregister(self)
        Glibc.close(descriptor)
        record.endedAt = listener.proxy.loop.now
        listener.proxy.log(record)
        listener.forget(record.client)
    }
}
