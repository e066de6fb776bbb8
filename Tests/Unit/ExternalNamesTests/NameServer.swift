import Glibc
import Synchronization

/// A name server on a real UDP socket that knows one answer for every name, with a time to live of one second.
final class NameServer: Sendable {
    static let address6: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]

    private struct NoSocket: Error {}

    let port: UInt16
    private let socket: Int32
    private let address4 = Mutex<[UInt8]>([0, 0, 0, 0])

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw NoSocket() }
        port = UInt16(bigEndian: address.sin_port)
        serve()
    }

    deinit { close(socket) }

    func answer(with address: [UInt8]) {
        address4.withLock { $0 = address }
    }

    private func serve() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let server = Unmanaged<NameServer>.fromOpaque(context).takeUnretainedValue()
                while server.answerOne() {}
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    private func answerOne() -> Bool {
        var query = [UInt8](repeating: 0, count: 512)
        var peer = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                let count = recvfrom(socket, &query, query.count, 0, peer, &length)
                guard count > 12 else { return false }
                let answer = answer(to: Array(query[..<count]))
                return sendto(socket, answer, answer.count, 0, peer, length) == answer.count
            }
        }
    }

    /// RFC 1035 §4: the question repeated, then one record that points at its name.
    private func answer(to query: [UInt8]) -> [UInt8] {
        let end = (query[12...].firstIndex(of: 0) ?? query.count - 5) + 5
        let isIPv6 = query[end - 3] == 28
        let address = isIPv6 ? NameServer.address6 : address4.withLock { $0 }
        let header = query[..<2] + [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
        let record: [UInt8] = [0xc0, 12, 0, isIPv6 ? 28 : 1, 0, 1, 0, 0, 0, 1, 0, UInt8(address.count)]
        return header + query[12..<end] + record + address
    }
}
