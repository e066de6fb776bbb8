import COpenSSL
import PorticoModel

/// What a server's context is made of. Equal ones are interchangeable.
struct ServerContextKey: Hashable {
    var certificates: [ServerCertificate]
    var ciphers = ""
    var followsClientCiphers = false
    var offersHTTP2 = false
    var clients: ClientCertificatePolicy?
    /// Of the clients; nil where they are missing.
    var authorities: Authorities?
    /// Empty where nothing is asked of clients, so that hosts may share the context.
    var host = ""
}

/// One host's way to speak TLS: certificates, ciphers, and what is asked of clients. Connections keep the one they began
/// with.
package final class TLSServerContext {
    let context: OpaquePointer
    let certificates: [ServerCertificate]
    let tickets: TicketKeyRing
    /// What is asked of clients; nil for nothing.
    package let clients: ClientCertificatePolicy?
    /// The authorities are missing, so that no client can be let in.
    package let lacksAuthorities: Bool
    /// The host whose clients are asked for certificates; empty where nothing is asked.
    package let host: String
    /// Clients may come back to their sessions.
    let resumesSessions: Bool
    private let protocols: ALPNList

    init(
        _ key: ServerContextKey, settings: TLSSettings, parameters: OpaquePointer?, tickets: TicketKeyRing
    ) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw TLSError.last("SSL_CTX_new") }
        self.context = context
        certificates = key.certificates
        self.tickets = tickets
        clients = key.clients
        lacksAuthorities = key.clients.map { $0.verification != .off && key.authorities == nil } ?? false
        host = key.host
        resumesSessions = settings.issuesTickets || settings.cachesSessions
        protocols = ALPNList(offersHTTP2: key.offersHTTP2)
        SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
        do throws(TLSError) {
            try configureProtocols(key, settings)
            try configureSessions(key, settings)
            for certificate in certificates { try use(certificate) }
            if let parameters {
                EVP_PKEY_up_ref(parameters)
                if SSL_CTX_set0_tmp_dh_pkey(context, parameters) != 1 { EVP_PKEY_free(parameters) }
            }
            if let clients, clients.verification != .off { try ask(clients, key) }
        } catch {
            ERR_clear_error()
            throw error
        }
    }

    deinit { SSL_CTX_free(context) }

    private func configureProtocols(_ key: ServerContextKey, _ settings: TLSSettings) throws(TLSError) {
        var options =
            portico_SSL_OP_NO_RENEGOTIATION() | portico_SSL_OP_NO_COMPRESSION()
            | portico_SSL_OP_IGNORE_UNEXPECTED_EOF()
        if !key.followsClientCiphers {
            options |= portico_SSL_OP_CIPHER_SERVER_PREFERENCE() | portico_SSL_OP_PRIORITIZE_CHACHA()
        }
        options |= TLSProtocolRange.disabling(settings.protocols)
        SSL_CTX_set_options(context, options)
        portico_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
        // Early data could be replayed by others.
        SSL_CTX_set_max_early_data(context, 0)
        let (low, high) = TLSProtocolRange.bounds(settings.protocols)
        guard portico_SSL_CTX_set_min_proto_version(context, low) == 1,
            portico_SSL_CTX_set_max_proto_version(context, high) == 1
        else { throw TLSError.last("ssl-protocols") }
        // OpenSSL refuses TLS 1.0 and 1.1 at its default level.
        let isOld = !settings.protocols.isDisjoint(with: [.tls10, .tls11])
        let ciphers = (isOld ? "@SECLEVEL=0:" : "") + (key.ciphers.isEmpty ? settings.ciphers : key.ciphers)
        guard SSL_CTX_set_cipher_list(context, ciphers) == 1 else { throw TLSError.last("ssl-ciphers") }
        if !settings.curves.isEmpty, portico_SSL_CTX_set1_groups_list(context, settings.curves) != 1 {
            throw TLSError.last("ssl-ecdh-curve")
        }
        _ = portico_SSL_CTX_set_max_send_fragment(context, Int(min(max(settings.recordBytes, 512), 16_384)))
        SSL_CTX_set_alpn_select_cb(
            context,
            { ssl, out, outCount, offered, offeredCount, _ in
                guard let ssl, let context = TLSServerContext.of(ssl) else { return SSL_TLSEXT_ERR_NOACK }
                return context._withUnsafeGuaranteedRef {
                    $0.protocols.select(out, outCount, UnsafeBufferPointer(start: offered, count: Int(offeredCount)))
                }
            }, nil)
    }

    private func configureSessions(_ key: ServerContextKey, _ settings: TLSSettings) throws(TLSError) {
        portico_SSL_CTX_set_session_cache_mode(
            context, Int(settings.cachesSessions ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF))
        portico_SSL_CTX_sess_set_cache_size(context, Int(settings.sessionCacheCount))
        SSL_CTX_set_timeout(context, Int(settings.sessionTimeoutSeconds))
        if settings.issuesTickets {
            portico_SSL_CTX_set_ticket_key_callback(context) { ssl, name, iv, cipher, mac, encrypts in
                guard let ssl, let name, let iv, let cipher, let mac, let context = TLSServerContext.of(ssl) else {
                    return -1
                }
                return context._withUnsafeGuaranteedRef {
                    $0.tickets.prepare(ssl, name: name, iv: iv, cipher: cipher, mac: mac, encrypts: encrypts != 0)
                }
            }
        } else {
            SSL_CTX_set_options(context, portico_SSL_OP_NO_TICKET())
        }
        // Those of TLS 1.3 are given with the first answer (`TLSSession.encrypt`): one of them, in no message of its own.
        SSL_CTX_set_num_tickets(context, 0)
        if settings.staplesOCSP {
            portico_SSL_CTX_set_status_callback(context) { ssl, _ in
                guard let ssl, let context = TLSServerContext.of(ssl) else { return SSL_TLSEXT_ERR_NOACK }
                return context._withUnsafeGuaranteedRef { $0.staple(ssl) }
            }
        }
        // A session is resumed only where the same is asked of the client.
        let bytes = TLSServerContext.sessionIdentity(key)
        guard SSL_CTX_set_session_id_context(context, bytes, UInt32(bytes.count)) == 1 else {
            throw TLSError.last("session context")
        }
    }

    private static func sessionIdentity(_ key: ServerContextKey) -> [UInt8] {
        var text: [UInt8] = []
        if let clients = key.clients {
            text += "\(key.host) \(clients.verification.rawValue) \(clients.depth) ".utf8
            text += key.authorities?.digest ?? []
        }
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(text, text.count, &digest)
        return digest
    }

    private func use(_ certificate: ServerCertificate) throws(TLSError) {
        guard SSL_CTX_use_certificate(context, certificate.leaf) == 1,
            SSL_CTX_use_PrivateKey(context, certificate.key) == 1,
            portico_SSL_CTX_set1_chain(context, certificate.chain) == 1
        else { throw TLSError.last("certificate") }
    }

    private func ask(_ clients: ClientCertificatePolicy, _ key: ServerContextKey) throws(TLSError) {
        // What was found is looked at after the handshake, so that the answer can be HTTP.
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { _, _ in 1 }
        SSL_CTX_set_verify_depth(context, Int32(clamping: clients.depth))
        guard let authorities = key.authorities else { return }
        SSL_CTX_set1_cert_store(context, authorities.store)
        SSL_CTX_set_client_CA_list(context, authorities.copyNames())
    }

    // MARK: Callbacks

    /// The context that a session runs with now.
    private static func of(_ ssl: OpaquePointer) -> Unmanaged<TLSServerContext>? {
        SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0).map { Unmanaged.fromOpaque($0) }
    }

    private func staple(_ ssl: OpaquePointer) -> Int32 {
        var leaf: OpaquePointer?
        guard portico_SSL_get_server_leaf(ssl, &leaf) == 1,
            let response = certificates.first(where: { $0.leaf == leaf })?.ocspResponse, !response.isEmpty,
            let copy = portico_OPENSSL_malloc(response.count)
        else { return SSL_TLSEXT_ERR_NOACK }
        copy.copyMemory(from: response, byteCount: response.count)
        portico_SSL_set_status_response(
            ssl, copy.assumingMemoryBound(to: UInt8.self), Int32(clamping: response.count))
        return SSL_TLSEXT_ERR_OK
    }
}
