import COpenSSL
import PorticoModel

/// One way to speak TLS to endpoints: versions, ciphers, whom to believe, and the certificate to show.
final class TLSClientContext {
    let context: OpaquePointer
    let settings: UpstreamTLS
    let offersHTTP2: Bool

    init(
        _ settings: UpstreamTLS, certificate: ServerCertificate?, authorities: Authorities?, offersHTTP2: Bool
    ) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw TLSError.last("SSL_CTX_new") }
        self.context = context
        self.settings = settings
        self.offersHTTP2 = offersHTTP2
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

    deinit { SSL_CTX_free(context) }

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
        // OpenSSL refuses TLS 1.0 and 1.1 at its default level.
        let isOld = !settings.protocols.isDisjoint(with: [.tls10, .tls11])
        let ciphers = settings.ciphers.isEmpty ? "DEFAULT" : settings.ciphers
        guard SSL_CTX_set_cipher_list(context, isOld ? "\(ciphers):@SECLEVEL=0" : ciphers) == 1 else {
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
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let ssl, let session, let data = SSL_get_ex_data(ssl, 0) else { return 0 }
            return Unmanaged<TLSSession>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.keep(session) ? 1 : 0 }
        }
    }

    /// Prepares a session for its handshake with a server of this name.
    func prepare(_ ssl: OpaquePointer, name: String) throws(TLSError) {
        let isAddress = TLSClientContext.isAddress(name)
        // A server's name is never an address (RFC 6066 §3).
        if settings.sendsServerName, !name.isEmpty, !isAddress { _ = portico_SSL_set_host_name(ssl, name) }
        guard settings.verifies else { return }
        guard !name.isEmpty else { throw TLSError("there is no name to verify") }
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isSet = isAddress ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) : SSL_set1_host(ssl, name)
        guard isSet == 1 else { throw TLSError.last("name to verify") }
    }

    private static func isAddress(_ name: String) -> Bool {
        guard let address = a2i_IPADDRESS(name) else {
            ERR_clear_error()
            return false
        }
        ASN1_OCTET_STRING_free(address)
        return true
    }
}
