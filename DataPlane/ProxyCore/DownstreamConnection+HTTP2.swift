import HTTP2Core
import HTTPCore

/// HTTP/2 with a client that knows beforehand (RFC 9113 §3.3), or has agreed on it by ALPN.
extension DownstreamConnection {
    /// Hands the connection to an HTTP/2 session.
    /// - Parameter received: bytes of the client's that were read already.
    func beginHTTP2(received: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        state = .http2
        let http2 = DownstreamHTTP2(connection: self)
        self.http2 = http2
        http2.wantsFlush()
        if !received.isEmpty { http2.receive(received) }
        if core.isDraining { http2.drain() }
    }

    /// The session is over and has sent everything.
    func endHTTP2() {
        // What the client still sends would turn the kernel's goodbye into a reset, and cost it our GOAWAY.
        flags.insert(.lingers)
        state = .flushing
        endConnection()
    }
}

/// The bytes that an HTTP/2 client begins with.
enum HTTP2Preface {
    private static let text: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// Whether `bytes`, in which a whole line came, are the preface or its beginning.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = min(bytes.count, text.utf8CodeUnitCount)
        guard count >= 16 else { return false }
        for index in 0..<count where bytes[index] != text.utf8Start[index] { return false }
        return true
    }
}
