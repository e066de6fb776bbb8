import EventLoop
import Glibc
import PorticoModel

/// A socket of a port that takes new sessions while its service is there. Subclassed for each transport.
class StreamSocket: EventHandler {
    unowned let proxy: StreamProxy
    let descriptor: Int32
    let port: StreamService.Port
    let counters: StreamCounters

    init(proxy: StreamProxy, descriptor: Int32, port: StreamService.Port, counters: StreamCounters) {
        self.proxy = proxy
        self.descriptor = descriptor
        self.port = port
        self.counters = counters
        super.init()
        Socket.setNonBlocking(descriptor)
    }

    final func listen() {
        guard slot == EventHandler.unregistered else { return }
        try? proxy.loop.register(self, descriptor: descriptor, for: .readable, edgeTriggered: false)
    }

    final func pause() {
        guard slot != EventHandler.unregistered else { return }
        proxy.loop.forget(descriptor: descriptor)
        proxy.loop.unregister(self)
    }

    /// Closes the socket.
    func end() {
        pause()
        close(descriptor)
    }

    /// The service of a session that begins now; nil where there is none, or no room for one more.
    final func beginSession(_ client: SocketAddress) -> StreamService? {
        guard let service = proxy.service(port) else { return nil }
        if proxy.begin(counters) { return service }
        var record = StreamRecord(
            service, client: client, local: Socket.localAddress(descriptor), at: proxy.loop.now)
        record.outcome = .refused
        proxy.log(record)
        return nil
    }
}
