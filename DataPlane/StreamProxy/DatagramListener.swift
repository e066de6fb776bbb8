import EventLoop
import PorticoModel

/// Receives the datagrams of a UDP service, and knows whose session each belongs to.
final class DatagramListener: StreamSocket {
    /// Datagrams received per turn.
    private static let budget = 128

    private var sessions: [SocketAddress: DatagramSession] = [:]

    override func end() {
        for session in Array(sessions.values) { session.close() }
        super.end()
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
        guard let service = beginSession(client) else { return }
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
