import EventLoop
import Glibc
import PorticoModel

/// Accepts the connections of a TCP service.
final class StreamListener: StreamSocket {
    /// Connections accepted per turn.
    private static let budget = 64
    /// How long none is accepted when the process is out of descriptors.
    private static let pauseMilliseconds: UInt32 = 100

    override init(proxy: StreamProxy, descriptor: Int32, port: StreamService.Port, counters: StreamCounters) {
        super.init(proxy: proxy, descriptor: descriptor, port: port, counters: counters)
        Socket.setNoDelay(descriptor)
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
        guard let service = beginSession(peer) else {
            close(connection)
            return
        }
        StreamTunnel(proxy: proxy, service: service, counters: counters, client: connection, peer: peer).start()
    }
}
