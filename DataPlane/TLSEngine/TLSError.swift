import COpenSSL

/// What OpenSSL would not do. The text is its own, and names no secret.
package struct TLSError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// The error that a call has just left, which is taken off the queue.
    static func last(_ operation: String) -> TLSError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return TLSError("\(operation) failed") }
        return TLSError("\(operation): \(String(cString: reason))")
    }
}

/// Why a handshake came to nothing.
package struct HandshakeFailure: Error, Hashable {
    /// OpenSSL's reason; empty where the peer just went away.
    package let reason: String

    /// - Parameter verification: why the peer's certificate was not believed.
    static func last(hasEnded: Bool, verification: String? = nil) -> HandshakeFailure {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else {
            return HandshakeFailure(reason: hasEnded ? "" : "unknown")
        }
        let text = String(cString: reason)
        return HandshakeFailure(reason: verification.map { "\(text): \($0)" } ?? text)
    }
}
