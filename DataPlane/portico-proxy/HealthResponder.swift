import Glibc
import ProcessSupervision

/// Answers `/healthz` and `/readyz` for the probes of a data-plane pod, in the supervisor's own loop.
///
/// It reads one short request head per connection, answers and closes: enough for a kubelet, and out of the data path.
final class HealthResponder {
    private static let longestHead = 4_096
    private static let mostConnections = 64
    private static let patience: Milliseconds = 5_000

    private let loop: PollLoop
    private let isReady: () -> Bool
    private var heads: [Int32: [UInt8]] = [:]
    /// Tells a connection from a later one under the same number.
    private var openings: [Int32: UInt64] = [:]
    private var lastOpening: UInt64 = 0

    init(listener: Int32, loop: PollLoop, isReady: @escaping () -> Bool) {
        self.loop = loop
        self.isReady = isReady
        loop.watch(listener, for: .readable) { [unowned self] _ in self.acceptAll(listener) }
    }

    private func acceptAll(_ listener: Int32) {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            guard heads.count < HealthResponder.mostConnections else {
                close(connection)
                continue
            }
            _ = fcntl(connection, F_SETFL, O_NONBLOCK)
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            open(connection)
        }
    }

    private func open(_ connection: Int32) {
        lastOpening += 1
        let opening = lastOpening
        heads[connection] = []
        openings[connection] = opening
        loop.watch(connection, for: .readable) { [unowned self] _ in self.read(connection) }
        loop.schedule(after: HealthResponder.patience) { [weak self] in
            if let self, self.openings[connection] == opening { self.finish(connection) }
        }
    }

    private func read(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = recv(connection, &buffer, buffer.count, 0)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        guard count > 0, var head = heads[connection], head.count < HealthResponder.longestHead else {
            return finish(connection)
        }
        head += buffer.prefix(count)
        heads[connection] = head
        guard head.suffix(4).elementsEqual([13, 10, 13, 10]) else { return }
        let answer = Array(HealthResponder.answer(to: head, isReady: isReady()).utf8)
        _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
        finish(connection)
    }

    private func finish(_ connection: Int32) {
        heads[connection] = nil
        openings[connection] = nil
        loop.unwatch(connection)
        close(connection)
    }

    /// The whole response to a request head.
    static func answer(to head: [UInt8], isReady: Bool) -> String {
        let words = String(decoding: head.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[0] == "GET" || words[0] == "HEAD" else {
            return response("405 Method Not Allowed", "only GET\n", hasBody: true)
        }
        let hasBody = words[0] == "GET"
        switch words[1].split(separator: "?", maxSplits: 1).first {
        case "/healthz": return response("200 OK", "ok\n", hasBody: hasBody)
        case "/readyz" where isReady: return response("200 OK", "ok\n", hasBody: hasBody)
        case "/readyz":
            return response("503 Service Unavailable", "not every worker has a configuration yet\n", hasBody: hasBody)
        default: return response("404 Not Found", "there are /healthz and /readyz\n", hasBody: hasBody)
        }
    }

    private static func response(_ status: String, _ body: String, hasBody: Bool) -> String {
        let head = "HTTP/1.1 \(status)\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n"
        return head + "Connection: close\r\n\r\n" + (hasBody ? body : "")
    }
}
