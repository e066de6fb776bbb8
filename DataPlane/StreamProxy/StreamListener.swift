import EventLoop
import Glibc
import PorticoModel

/// Accepts the connections of a TCP service.
final class StreamListener: EventHandler, StreamListening {
    /// Connections accepted per turn.
    private static let budget = 64
    /// How long none is accepted when the process is out of descriptors.
    private static let pauseMilliseconds: UInt32 = 100

    private unowned let proxy: StreamProxy
    private let descriptor: Int32
    private let port: StreamService.Port
    private let counters: StreamCounters

    init(proxy: StreamProxy, descriptor: Int32, port: StreamService.Port, counters: StreamCounters) {
        self.proxy = proxy
        self.descriptor = descriptor
        self.port = port
        self.counters = counters
        super.init()
        Socket.setNonBlocking(descriptor)
        Socket.setNoDelay(descriptor)
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
        close(descriptor)
    }

    override func ready(_ events: UInt32) {
        for _ in 0..<StreamListener.budget {
            switch Socket.accept(descriptor) {
            case .success(let (connection, peer)): take(connection, peer)
            case .failure(let error):
                if error.code == EMFILE || error.code == ENFILE { rest() }
                return
            }
        }
    }

    /// The waiting connection would wake the loop at once, again and again.
    private func rest() {
        proxy.loop.change(self, descriptor: descriptor, to: [], edgeTriggered: false)
        proxy.loop.setDeadline(self, after: StreamListener.pauseMilliseconds)
    }

    override func deadlinePassed() {
        proxy.loop.change(self, descriptor: descriptor, to: .readable, edgeTriggered: false)
    }

    private func take(_ connection: Int32, _ peer: SocketAddress) {
        guard let service = proxy.service(port), proxy.begin(counters) else {
            close(connection)
            return
        }
        StreamTunnel(proxy: proxy, service: service, counters: counters, client: connection, peer: peer).start()
    }
}
