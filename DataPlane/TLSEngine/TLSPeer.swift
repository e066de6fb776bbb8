import COpenSSL

/// Endpoints that are spoken to in one way and under one name. Their connections may stand for one another, and a
/// session with one of them is resumed with that one.
package final class TLSPeer {
    let context: TLSClientContext
    /// What is verified and asked for; empty for nothing.
    package let name: String
    /// Tells pools of connections apart; 0 is that of connections without TLS.
    package let pool: UInt32
    /// False once something that it was made of has changed: whoever kept it asks again.
    @exclusivity(unchecked) package internal(set) var isCurrent = true
    private var sessions: [UInt64: OpaquePointer] = [:]
    private static let maximumSessions = 256

    init(context: TLSClientContext, name: String, pool: UInt32) {
        self.context = context
        self.name = name
        self.pool = pool
    }

    deinit {
        for session in sessions.values { SSL_SESSION_free(session) }
    }

    /// Whether HTTP/2 is offered.
    package var offersHTTP2: Bool { context.offersHTTP2 }

    func session(with endpoint: UInt64) -> OpaquePointer? { sessions[endpoint] }

    /// Keeps the newest session of each endpoint.
    /// - Returns: whether the reference was taken over.
    func keep(_ session: OpaquePointer, of endpoint: UInt64) -> Bool {
        if sessions[endpoint] == nil, sessions.count >= TLSPeer.maximumSessions { return false }
        if let old = sessions.updateValue(session, forKey: endpoint) { SSL_SESSION_free(old) }
        return true
    }
}
