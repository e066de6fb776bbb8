import Glibc
import ProcessSupervision

/// Asks one HTTP address whether it is ready. Each question is bounded by a short timeout, so that a loop can ask.
final class ReadinessProbe {
    private let address: ListenAddress
    private let path: String
    private(set) var hasSucceeded = false

    init(address: ListenAddress, path: String) {
        self.address = address
        self.path = path
    }

    /// - Returns: whether the answer was 200.
    func succeeds() -> Bool {
        let connection = socket(address.isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard connection >= 0 else { return false }
        defer { close(connection) }
        var limit = timeval(tv_sec: 0, tv_usec: 200_000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard address.withSocketAddress({ connect(connection, $0, $1) }) == 0 else { return false }
        let question = "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
        guard send(connection, question, question.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else { return false }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = recv(connection, &answer, answer.count, 0)
        let status = String(decoding: answer.prefix(max(0, count)), as: UTF8.self).split(separator: " ").dropFirst()
            .first
        hasSucceeded = status == "200"
        return hasSucceeded
    }
}
