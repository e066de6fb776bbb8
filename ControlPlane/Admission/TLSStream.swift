import COpenSSL
import Glibc

/// A TLS connection on a socket of its own, read and written with a deadline by one thread.
struct TLSStream: ~Copyable {
    typealias Instant = ContinuousClock.Instant

    private let socket: Int32
    private let session: OpaquePointer

    /// Owns the socket from here on, which must not block.
    init?(socket: Int32, context: ServerCredentials.Context) {
        guard let session = SSL_new(context.pointer) else {
            close(socket)
            return nil
        }
        SSL_set_fd(session, socket)
        self.socket = socket
        self.session = session
    }

    deinit {
        SSL_free(session)
        close(socket)
    }

    func handshake(until end: Instant) -> Bool {
        attempt(until: end) { SSL_accept(session) } > 0
    }

    /// - Returns: how many bytes arrived; 0 at the end, at the deadline and after an error.
    func receive(into bytes: UnsafeMutableRawBufferPointer, until end: Instant) -> Int {
        Int(max(0, attempt(until: end) { SSL_read(session, bytes.baseAddress, Int32(bytes.count)) }))
    }

    func send(_ bytes: [UInt8], until end: Instant) -> Bool {
        bytes.withUnsafeBytes { bytes in
            // Without partial writes, the whole of it goes out or nothing counts.
            attempt(until: end) { SSL_write(session, bytes.baseAddress, Int32(bytes.count)) } > 0
        }
    }

    /// Says that no more will come, and waits for nothing.
    func sayGoodbye() { _ = SSL_shutdown(session) }

    private func attempt(until end: Instant, _ call: () -> Int32) -> Int32 {
        while true {
            ERR_clear_error()
            let result = call()
            if result > 0 { return result }
            switch SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: guard wait(for: POLLIN, until: end) else { return 0 }
            case SSL_ERROR_WANT_WRITE: guard wait(for: POLLOUT, until: end) else { return 0 }
            default: return 0
            }
        }
    }

    private func wait(for events: Int32, until end: Instant) -> Bool {
        let left = (end - .now) / .milliseconds(1)
        guard left > 0 else { return false }
        var entry = pollfd(fd: socket, events: Int16(events), revents: 0)
        return poll(&entry, 1, Int32(min(left.rounded(.up), 60_000))) != 0
    }
}
