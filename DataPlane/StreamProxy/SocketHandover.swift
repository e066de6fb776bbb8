import CSystem
import EventLoop
import Glibc
import PorticoModel

/// What the supervisor hands to a worker while it runs, over a socket pair of packets: the sockets of TCP and UDP services,
/// and databases of addresses.
package enum SocketHandover {
    /// The packet's size: an order, the transport, and the port in network byte order; or an order and a database's kind.
    static let byteCount = 4

    package enum Order: Hashable, Sendable {
        /// A socket comes with it.
        case open(StreamService.Port)
        /// All sockets of the port are closed.
        case close(StreamService.Port)
        /// A file comes with it, in place of the earlier one of its kind.
        case database(GeoDatabaseKind)

        package init?(_ bytes: some Collection<UInt8>) {
            let bytes = Array(bytes)
            guard bytes.count == SocketHandover.byteCount else { return nil }
            if bytes[0] == 3 {
                guard let kind = GeoDatabaseKind(rawValue: bytes[1]) else { return nil }
                self = .database(kind)
                return
            }
            guard let transport = StreamService.Transport(rawValue: UInt32(bytes[1]))
            else { return nil }
            let port = StreamService.Port(transport, UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
            switch bytes[0] {
            case 1: self = .open(port)
            case 2: self = .close(port)
            default: return nil
            }
        }

        package var bytes: [UInt8] {
            func bytes(_ code: UInt8, _ port: StreamService.Port) -> [UInt8] {
                [code, UInt8(port.transport.rawValue), UInt8(port.number >> 8), UInt8(port.number & 0xFF)]
            }
            return switch self {
            case .open(let port): bytes(1, port)
            case .close(let port): bytes(2, port)
            case .database(let kind): [3, kind.rawValue, 0, 0]
            }
        }
    }

    /// - Returns: false where the socket takes no more at the moment, or the worker is gone.
    package static func send(_ order: Order, _ descriptor: Int32 = -1, over socket: Int32) -> Bool {
        let bytes = order.bytes
        return portico_send_descriptor(socket, bytes, bytes.count, descriptor) == bytes.count
    }
}

/// A worker's end: gives the sockets that arrive to its `StreamProxy`.
package final class SocketReceiver: EventHandler {
    private let proxy: StreamProxy
    private let descriptor: Int32
    /// Gets the descriptor of a database, to close.
    package var onDatabase: (GeoDatabaseKind, Int32) -> Void = { close($1) }

    /// Takes ownership of `descriptor`.
    package init(descriptor: Int32, proxy: StreamProxy) throws(SystemError) {
        self.proxy = proxy
        self.descriptor = descriptor
        super.init()
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        try proxy.loop.register(self, descriptor: descriptor, for: .readable, edgeTriggered: false)
    }

    deinit { close(descriptor) }

    override package func ready(_ events: UInt32) {
        var bytes = [UInt8](repeating: 0, count: SocketHandover.byteCount)
        while true {
            var socket: Int32 = -1
            let count = portico_receive_descriptor(descriptor, &bytes, bytes.count, &socket)
            if count < 0 { return }
            guard count > 0 else {
                // The supervisor is gone, and with it this process soon.
                proxy.loop.forget(descriptor: descriptor)
                return proxy.loop.unregister(self)
            }
            switch SocketHandover.Order(bytes.prefix(count)) {
            case .open(let port) where socket >= 0: proxy.adopt(socket, for: port)
            case .close(let port): proxy.release(port)
            case .database(let kind) where socket >= 0: onDatabase(kind, socket)
            default: if socket >= 0 { close(socket) }
            }
        }
    }
}
