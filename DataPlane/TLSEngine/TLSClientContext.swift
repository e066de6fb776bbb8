import COpenSSL
import PorticoModel

/// How TLS is spoken to the endpoints of an upstream. It keeps a session per server name, so that a new connection is
/// spared half the handshake.
package final class TLSClientContext {
    let context: OpaquePointer
    package let settings: UpstreamTLS
    private var sessions: [String: OpaquePointer] = [:]
    private static let maximumSessions = 64

    init(
        _ settings: UpstreamTLS, certificate: ServerCertificate?, authorities: Authorities?, offersHTTP2: Bool
    ) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw TLSError.last("SSL_CTX_new") }
        self.context = context
        self.settings = settings
        do throws(TLSError) {
            try configure(certificate, authorities)
            if offersHTTP2 {
                let list: [UInt8] = [2, UInt8(ascii: "h"), UInt8(ascii: "2")]
                SSL_CTX_set_alpn_protos(context, list, UInt32(list.count))
            }
        } catch {
            ERR_clear_error()
            throw error
        }
    }

    deinit {
        for session in sessions.values { SSL_SESSION_free(session) }
        SSL_CTX_free(context)
    }

    private func configure(_ certificate: ServerCertificate?, _ authorities: Authorities?) throws(TLSError) {
        portico_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
        SSL_CTX_set_options(
            context,
            portico_SSL_OP_NO_RENEGOTIATION() | portico_SSL_OP_NO_COMPRESSION()
                | portico_SSL_OP_IGNORE_UNEXPECTED_EOF() | TLSProtocolRange.disabling(settings.protocols))
        let (low, high) = TLSProtocolRange.bounds(settings.protocols)
        guard portico_SSL_CTX_set_min_proto_version(context, low) == 1,
            portico_SSL_CTX_set_max_proto_version(context, high) == 1
        else { throw TLSError.last("proxy-ssl-protocols") }
        if !settings.ciphers.isEmpty, SSL_CTX_set_cipher_list(context, settings.ciphers) != 1 {
            throw TLSError.last("proxy-ssl-ciphers")
        }
        if let certificate {
            guard SSL_CTX_use_certificate(context, certificate.leaf) == 1,
                SSL_CTX_use_PrivateKey(context, certificate.key) == 1,
                portico_SSL_CTX_set1_chain(context, certificate.chain) == 1
            else { throw TLSError.last("certificate") }
        }
        if settings.verifies {
            // Without authorities nobody is believed.
            if let authorities { SSL_CTX_set1_cert_store(context, authorities.store) }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            SSL_CTX_set_verify_depth(context, Int32(clamping: settings.depth))
        }
        portico_SSL_CTX_set_session_cache_mode(
            context, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE))
        SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let ssl, let session, let data = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return 0 }
            return Unmanaged<TLSClientContext>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.keep(session, ssl) }
        }
    }

    /// Prepares a session for its handshake with the server of this name.
    func prepare(_ ssl: OpaquePointer, name: String) throws(TLSError) {
        if settings.sendsServerName, !name.isEmpty { _ = portico_SSL_set_host_name(ssl, name) }
        if settings.verifies {
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            guard !name.isEmpty, SSL_set1_host(ssl, name) == 1 else { throw TLSError("no name to verify") }
        }
        if let known = sessions[name] { SSL_set_session(ssl, known) }
    }

    /// Keeps the newest session of each name. A ticket of TLS 1.3 is used once.
    /// - Returns: 1 where OpenSSL's reference was taken over.
    private func keep(_ session: OpaquePointer, _ ssl: OpaquePointer) -> Int32 {
        guard let data = SSL_get_ex_data(ssl, 0) else { return 0 }
        let key = Unmanaged<TLSSession>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.peerName }
        if sessions[key] == nil, sessions.count >= TLSClientContext.maximumSessions { return 0 }
        if let old = sessions.updateValue(session, forKey: key) { SSL_SESSION_free(old) }
        return 1
    }
}
