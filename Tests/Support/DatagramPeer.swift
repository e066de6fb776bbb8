import Foundation
import ProcessSupervision

/// A UDP socket with a time limit on every call: a client of a service, or an endpoint of it.
package final class DatagramPeer: Sendable {
    private let descriptor: Int32
    package let address: ListenAddress

    package init() throws {
        let wanted = ListenAddress(host: "127.0.0.1", port: 0)
        descriptor = try ListeningSocket.openGroup(on: wanted, count: 1, kind: .datagram)[0]
        _ = fcntl(descriptor, F_SETFL, 0)
        var limit = timeval(tv_sec: 0, tv_usec: 200_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        address = ListeningSocket.localAddress(of: descriptor, like: wanted)
    }

    deinit { close(descriptor) }

    /// Sends a datagram and waits for the answer; nil where none comes in time.
    package func ask(_ text: String, at address: ListenAddress) -> String? {
        let bytes = Array(text.utf8)
        _ = address.withSocketAddress { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
        var buffer = [UInt8](repeating: 0, count: 2_048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Answers every datagram with `answer` of it, until the test run ends.
    package func serve(_ answer: @escaping @Sendable (String) -> String) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 2_048)
            while true {
                var storage = sockaddr_storage()
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                withUnsafeMutablePointer(to: &storage) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                        let count = recvfrom(descriptor, &buffer, buffer.count, 0, sender, &length)
                        guard count >= 0 else { return }
                        let text = Array(answer(String(decoding: buffer[..<count], as: UTF8.self)).utf8)
                        _ = sendto(descriptor, text, text.count, 0, sender, length)
                    }
                }
            }
        }
    }
}
