import EventLoop
import Glibc
import PorticoModel

/// Receives the datagrams of a UDP service, and knows whose session each belongs to.
final class DatagramListener: EventHandler, StreamListening {
    /// Datagrams received per turn.
    private static let budget = 128

    unowned let proxy: StreamProxy
    let descriptor: Int32
    let counters: StreamCounters
    private let port: StreamService.Port
    private var sessions: [SocketAddress: DatagramSession] = [:]

    init(proxy: StreamProxy, descriptor: Int32, port: StreamService.Port, counters: StreamCounters) {
        self.proxy = proxy
        self.descriptor = descriptor
        self.port = port
        self.counters = counters
        super.init()
        Socket.setNonBlocking(descriptor)
    }

    func listen() {
        guard slot == EventHandler.unregistered else { return }
        try? proxy.loop.register(self, descriptor: descriptor, for: .readable, edgeTriggered: false)
    }

    func pause() {
        guard slot != EventHandler.unregistered else { return }
        proxy.loop.forget(descriptor: descriptor)
        proxy.loop.unregister(self)
    }

    func end() {
        pause()
        for session in Array(sessions.values) { session.close() }
        close(descriptor)
    }

    override func ready(_ events: UInt32) {
        for _ in 0..<DatagramListener.budget {
            guard let (count, client) = DatagramSocket.receive(descriptor, into: proxy.memory) else { return }
            take(UnsafeRawBufferPointer(rebasing: proxy.memory[..<count]), from: client)
        }
    }

    private func take(_ datagram: UnsafeRawBufferPointer, from client: SocketAddress) {
        counters.receivedBytes += UInt64(datagram.count)
        if let session = sessions[client] { return session.send(datagram) }
        guard let service = proxy.service(port), proxy.begin(counters) else { return }
        guard let session = DatagramSession(listener: self, service: service, client: client) else {
            return proxy.finish(counters)
        }
        sessions[client] = session
        session.send(datagram)
    }

    /// The session has ended.
    func forget(_ client: SocketAddress) {
        if sessions.removeValue(forKey: client) != nil { proxy.finish(counters) }
    }
}
