import EventLoop
import Glibc

/// The calls on datagram sockets.
enum DatagramSocket {
    /// - Returns: nil where none waits.
    static func receive(
        _ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer
    ) -> (count: Int, sender: SocketAddress)? {
        var storage = sockaddr_storage()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, memory.baseAddress, memory.count, 0, $0, &length)
                }
            }
            if count >= 0 { return (count, SocketAddress(storage)) }
            if errno != EINTR { return nil }
        }
    }

    /// Sends, or loses, a datagram.
    static func send(_ descriptor: Int32, _ datagram: UnsafeRawBufferPointer, to address: SocketAddress) {
        _ = address.withSocketAddress {
            sendto(descriptor, datagram.baseAddress, datagram.count, Int32(MSG_NOSIGNAL), $0, $1)
        }
    }

    /// A socket that talks with one endpoint alone.
    static func connect(to address: SocketAddress) -> Int32? {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { return nil }
        guard address.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
