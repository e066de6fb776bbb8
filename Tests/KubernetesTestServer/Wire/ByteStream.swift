import COpenSSL
import Glibc

/// The server's end of a connection, with TLS or without. One thread uses it at a time.
final class ByteStream: @unchecked Sendable {
    struct Ended: Error {}

    let descriptor: Int32
    private let tls: OpaquePointer?
    private var received: [UInt8] = []

    /// - Parameter context: nil for a connection without TLS.
    /// - Returns: nil where the handshake fails.
    init?(descriptor: Int32, context: OpaquePointer?) {
        self.descriptor = descriptor
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        guard let context else {
            tls = nil
            return
        }
        tls = SSL_new(context)
        guard tls != nil, SSL_set_fd(tls, descriptor) == 1, SSL_accept(tls) == 1 else { return nil }
    }

    deinit {
        SSL_free(tls)
        close(descriptor)
    }

    /// The peer's certificate's common name and organisations; nil where it showed none.
    var peer: APIUser? {
        guard let tls, let certificate = SSL_get1_peer_certificate(tls) else { return nil }
        defer { X509_free(certificate) }
        let subject = X509_get_subject_name(certificate)
        let names = TestCertificates.entries(of: subject, NID_commonName)
        return names.first.map {
            APIUser($0, groups: TestCertificates.entries(of: subject, NID_organizationName))
        }
    }

    /// Ends both directions; a thread that waits in here is woken.
    func cut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Whether bytes wait that the kernel no longer has.
    var hasBuffered: Bool { !received.isEmpty || tls.map { SSL_pending($0) > 0 } ?? false }

    func write(_ bytes: [UInt8]) throws(Ended) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return if let tls {
                    Int(SSL_write(tls, rest.baseAddress, Int32(min(rest.count, 1 << 20))))
                } else {
                    send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                }
            }
            guard count > 0 else { throw Ended() }
            sent += count
        }
    }

    private func readMore() throws(Ended) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { buffer in
            if let tls {
                Int(SSL_read(tls, buffer.baseAddress, Int32(buffer.count)))
            } else {
                recv(descriptor, buffer.baseAddress, buffer.count, 0)
            }
        }
        guard count > 0 else { throw Ended() }
        received += buffer[..<count]
    }

    func read(_ count: Int) throws(Ended) -> [UInt8] {
        while received.count < count { try readMore() }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    /// - Returns: everything before the empty line.
    func readHead() throws(Ended) -> String {
        let mark = Array("\r\n\r\n".utf8)
        while true {
            if let range = received.firstRange(of: mark) {
                return String(decoding: try read(range.upperBound), as: UTF8.self)
            }
            try readMore()
        }
    }
}
