import EventLoop
import Glibc

/// A blocking socket with a time limit, for the clients and endpoints of tests.
final class TestSocket: @unchecked Sendable {
    let descriptor: Int32
    private var pending: [UInt8] = []
    private var isOpen = true

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK)
    }

    deinit { close() }

    /// Closes now.
    func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    static func connect(port: UInt16) throws -> TestSocket {
        let descriptor = try Socket.connect(to: .loopback(port: port))
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&waiting, 1, 5_000)
        return TestSocket(descriptor: descriptor)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// Sends from a thread of its own, for more than the sockets in between hold.
    func sendInBackground(_ bytes: [UInt8]) {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                let order = Unmanaged<SendOrder>.fromOpaque(argument!).takeRetainedValue()
                order.socket.send(order.bytes)
                return nil
            }, Unmanaged.passRetained(SendOrder(socket: self, bytes: bytes)).toOpaque())
        pthread_detach(thread)
    }

    private final class SendOrder {
        let socket: TestSocket
        let bytes: [UInt8]

        init(socket: TestSocket, bytes: [UInt8]) {
            self.socket = socket
            self.bytes = bytes
        }
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads what comes next; empty at the end of the stream, on errors and when nothing comes in time.
    private func readSome() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        pending += buffer[..<count]
        return true
    }

    /// Reads up to and with `end`; what came where the stream ends first.
    func read(until end: String) -> String {
        let wanted = Array(end.utf8)
        var from = 0
        while true {
            if pending.count >= wanted.count {
                for index in from...(pending.count - wanted.count)
                where pending[index] == wanted[0] && Array(pending[index..<index + wanted.count]) == wanted {
                    return take(index + wanted.count)
                }
                from = pending.count - wanted.count + 1
            }
            if !readSome() { return take(pending.count) }
        }
    }

    func read(count: Int) -> String {
        while pending.count < count, readSome() {}
        return take(min(count, pending.count))
    }

    /// Whatever comes next, as bytes; nil at the end of the stream or where nothing comes in time.
    func readBytes() -> [UInt8]? {
        if pending.isEmpty, !readSome() { return nil }
        defer { pending = [] }
        return pending
    }

    /// Whatever comes within that time.
    func readBytes(milliseconds: Int32) -> [UInt8]? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !pending.isEmpty || poll(&waiting, 1, milliseconds) > 0 ? readBytes() : nil
    }

    func readToEnd() -> String {
        while readSome() {}
        return take(pending.count)
    }

    /// One message: head, and a body of its Content-Length or chunks.
    func readMessage(hasBody: Bool = true) -> TestMessage {
        let head = read(until: "\r\n\r\n")
        var message = TestMessage(head: head, body: "")
        guard hasBody else { return message }
        if let length = message.field("Content-Length").flatMap({ Int($0) }) {
            message.body = read(count: length)
        } else if message.field("Transfer-Encoding") == "chunked" {
            message.body = read(until: "0\r\n\r\n")
        }
        return message
    }

    private func take(_ count: Int) -> String {
        defer { pending.removeFirst(count) }
        return String(decoding: pending[..<count], as: UTF8.self)
    }
}

/// A message as tests look at it.
struct TestMessage {
    var head: String
    var body: String

    var firstLine: String {
        head.split(separator: "\r\n", omittingEmptySubsequences: false).first.map(String.init) ?? ""
    }

    var status: Int? { firstLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

    func fields(_ name: String) -> [String] {
        head.split(separator: "\r\n").dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name.lowercased() else {
                return nil
            }
            return String(line[line.index(after: colon)...].drop(while: { $0 == " " }))
        }
    }

    func field(_ name: String) -> String? { fields(name).first }
}
