import EventLoop
import Glibc

/// Where a log's lines go: a file, or the datagrams of a syslog server. For the log's own thread, which may wait.
final class LogSink {
    private static let syslogPrefix = "syslog:"
    /// Of a datagram, its head included; the rest of a longer line is cut off.
    private static let maximumDatagramBytes = 8 << 10
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private let descriptor: Int32
    /// Each line is a message of its own.
    private let isSyslog: Bool
    private let host: String

    /// - Returns: nil where it cannot be opened.
    init?(path: String) {
        isSyslog = path.hasPrefix(Self.syslogPrefix)
        host = isSyslog ? MachineName.text : ""
        descriptor =
            switch path {
            case "/dev/stdout": 1
            case "/dev/stderr": 2
            case _ where isSyslog: Self.connect(String(path.dropFirst(Self.syslogPrefix.count)))
            default: open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
            }
        guard descriptor >= 0 else { return nil }
    }

    deinit { if descriptor > 2 { close(descriptor) } }

    func write(_ bytes: UnsafeRawBufferPointer) {
        guard isSyslog else { return writeAll(bytes) }
        let head = syslogHead()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let message = head + line.prefix(Self.maximumDatagramBytes - head.count)
            // Nobody may be listening, and nothing can be done about it.
            _ = message.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, 1_000)
            } else if errno != EINTR {
                return
            }
        }
    }

    // MARK: Syslog

    /// A datagram socket for `ADDRESS:PORT` or `[ADDRESS]:PORT`.
    private static func connect(_ server: String) -> Int32 {
        guard let colon = server.lastIndex(of: ":"), let port = UInt16(server[server.index(after: colon)...]) else {
            return -1
        }
        let text = server[..<colon].filter { $0 != "[" && $0 != "]" }
        guard let address = SocketAddress(text: text, port: port) else { return -1 }
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0, address.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            return -1
        }
        return descriptor
    }

    /// What precedes each line, as nginx writes it (RFC 3164 §4.1): facility local7, severity info, and its tag.
    private func syslogHead() -> [UInt8] {
        var time = Glibc.time(nil)
        var parts = tm()
        localtime_r(&time, &parts)
        func two(_ number: Int32, _ filler: String = "0") -> String { (number < 10 ? filler : "") + "\(number)" }
        let month = Self.months[Int(parts.tm_mon)]
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return Array("<190>\(month) \(two(parts.tm_mday, " ")) \(clock) \(host) nginx: ".utf8)
    }
}
