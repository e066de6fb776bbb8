import COpenSSL
import EventLoop

/// One TLS connection over a non-blocking descriptor that another owns: plain bytes on one side, records on the other.
///
/// It never sends: what OpenSSL wrote waits in the channel's staging buffer, and the caller sends it (`takeStaged`) after
/// every call that says so. What was received beyond the caller's need is kept here; an idle session holds nothing but
/// OpenSSL's own state.
package final class TLSSession {
    package enum HandshakeOutcome: Hashable, Sendable {
        case complete
        /// The loop will tell when the peer has said more.
        case waiting
        case failed(HandshakeFailure)
    }

    package let channel: TLSChannel
    /// The context that it began with; nil for a client's session.
    package let serverContext: TLSServerContext?
    private let peer: TLSPeer?
    /// Which of the peer's endpoints it is with.
    private let endpoint: UInt64
    let ssl: OpaquePointer
    /// Bytes received that OpenSSL has not taken.
    @exclusivity(unchecked) private var leftover = PooledBuffer()
    /// OpenSSL has met an error that ends the session.
    @exclusivity(unchecked) private var isBroken = false
    /// The client is to be given a ticket of TLS 1.3 with the next bytes.
    @exclusivity(unchecked) private var owesTicket = false
    /// After the last `receive`: nothing is left, neither here nor in the kernel, until the loop tells.
    @exclusivity(unchecked) package private(set) var isDrained = false
    /// What the client showed, once the handshake is complete.
    @exclusivity(unchecked) package var clientCertificate: ClientCertificateResult?

    /// A server's session. `received` is what the client has said so far, its first message at least.
    package init(
        server context: TLSServerContext, channel: TLSChannel, received: UnsafeRawBufferPointer
    ) throws(TLSError) {
        self.channel = channel
        serverContext = context
        peer = nil
        endpoint = 0
        ssl = try TLSSession.make(context.context, channel)
        SSL_set_accept_state(ssl)
        channel.buffers.append(received, to: &leftover)
    }

    /// A client's session.
    /// - Parameter endpoint: tells the peer's endpoints apart, for a session of one is of no use with another.
    package init(with peer: TLSPeer, endpoint: UInt64, channel: TLSChannel) throws(TLSError) {
        self.channel = channel
        serverContext = nil
        self.peer = peer
        self.endpoint = endpoint
        ssl = try TLSSession.make(peer.context.context, channel)
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_connect_state(ssl)
        try peer.context.prepare(ssl, name: peer.name)
        if let known = peer.session(with: endpoint) { SSL_set_session(ssl, known) }
    }

    /// A session that may be resumed later.
    /// - Returns: whether the reference was taken over.
    func keep(_ session: OpaquePointer) -> Bool { peer?.keep(session, of: endpoint) ?? false }

    deinit {
        channel.buffers.give(&leftover)
        // Else OpenSSL takes a connection that just ends for an attack, and the session is never resumed.
        if !isBroken { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(ssl)
    }

    private static func make(_ context: OpaquePointer, _ channel: TLSChannel) throws(TLSError) -> OpaquePointer {
        guard let ssl = SSL_new(context) else { throw TLSError.last("SSL_new") }
        // All sessions of a loop share one BIO: it has no state but that of the session at work.
        BIO_up_ref(channel.bio)
        SSL_set_bio(ssl, channel.bio, channel.bio)
        return ssl
    }

    // MARK: Handshake

    package var isEstablished: Bool { SSL_is_init_finished(ssl) == 1 }

    /// Takes the handshake as far as it goes. Send what is staged afterwards, whatever the outcome.
    package func handshake(_ descriptor: Int32) -> HandshakeOutcome {
        attach(descriptor)
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        let outcome: HandshakeOutcome
        if result == 1 {
            isDrained = channel.isDrained && channel.windowIsEmpty && SSL_has_pending(ssl) == 0
            owesTicket = serverContext?.resumesSessions == true && SSL_version(ssl) == TLS1_3_VERSION
            outcome = .complete
        } else if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ {
            isDrained = true
            outcome = .waiting
        } else {
            isBroken = true
            outcome = .failed(HandshakeFailure.last(hasEnded: channel.lastRead == .ended, verification: refusal))
        }
        detach()
        return outcome
    }

    /// Why the server's certificate was not believed; nil where that was not it.
    private var refusal: String? {
        let code = peer?.context.settings.verifies == true ? SSL_get_verify_result(ssl) : Int(X509_V_OK)
        return code == Int(X509_V_OK) ? nil : String(cString: X509_verify_cert_error_string(code))
    }

    /// HTTP/2 was agreed upon.
    package var negotiatedHTTP2: Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count == 2 else { return false }
        return name[0] == UInt8(ascii: "h") && name[1] == UInt8(ascii: "2")
    }

    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// Oldest first.
    package static let versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]

    /// The place of the version that is spoken in `versions`.
    package var versionIndex: Int { min(max(Int(SSL_version(ssl)) - Int(TLS1_VERSION), 0), 3) }

    /// `TLSv1.3` and the like.
    package var protocolName: String { String(cString: SSL_get_version(ssl)) }

    /// The host that the client's first message names; empty without one.
    package var serverName: String {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) } ?? ""
    }

    /// `TLS_AES_256_GCM_SHA384` and the like.
    package var cipherName: String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }

    // MARK: Plain bytes

    /// Fills `memory` with plain bytes as far as there are any. Afterwards `isDrained` says whether to wait for the loop,
    /// and `channel.takeStaged()` may have something to send.
    package func receive(_ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        guard let base = memory.baseAddress, memory.count > 0 else { return .wouldBlock }
        attach(descriptor)
        defer { detach() }
        var filled = 0
        while filled < memory.count {
            let count = SSL_read(ssl, base + filled, Int32(clamping: memory.count - filled))
            guard count > 0 else { return end(count, after: filled) }
            filled += Int(count)
            if channel.isDrained, channel.windowIsEmpty, SSL_has_pending(ssl) == 0 {
                isDrained = true
                return .bytes(filled)
            }
        }
        isDrained = false
        return .bytes(filled)
    }

    private func end(_ result: Int32, after filled: Int) -> Transfer {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            isDrained = true
            return filled > 0 ? .bytes(filled) : .wouldBlock
        case SSL_ERROR_ZERO_RETURN:
            // Told again at the next call.
            isDrained = false
            return filled > 0 ? .bytes(filled) : .ended
        default:
            isDrained = false
            isBroken = true
            ERR_clear_error()
            if filled > 0 { return .bytes(filled) }
            if case .failed(let code) = channel.lastRead { return .failed(code) }
            return .failed(0)
        }
    }

    /// Encrypts into the channel's staging buffer, at most `TLSChannel.encryptedAtOnce` bytes at a time.
    /// - Returns: false where the session is broken.
    package func encrypt(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.isEmpty { return true }
        if owesTicket { _ = SSL_new_session_ticket(ssl) }
        if SSL_write(ssl, bytes.baseAddress, Int32(bytes.count)) == Int32(bytes.count) {
            // Making a ticket takes buffers for both directions, which an idle session would keep.
            if owesTicket { SSL_free_buffers(ssl) }
            owesTicket = false
            return true
        }
        isBroken = true
        ERR_clear_error()
        return false
    }

    /// Stages the word that nothing more is sent.
    package func close() {
        guard isEstablished, !isBroken else { return }
        if SSL_shutdown(ssl) < 0 { ERR_clear_error() }
    }

    // MARK: What was received

    private func attach(_ descriptor: Int32) { channel.attach(descriptor, window: leftover.bytes) }

    private func detach() {
        let (rest, isKept) = channel.detach()
        if isKept {
            leftover.consumed(leftover.count - rest.count)
            if leftover.isEmpty { channel.buffers.give(&leftover) }
        } else {
            channel.buffers.give(&leftover)
            channel.buffers.append(rest, to: &leftover)
        }
    }
}

// MARK: - The peer

extension TLSSession {
    /// The common name of the peer's certificate; nil where it showed none.
    package var peerCommonName: String? {
        guard let certificate = portico_SSL_get1_peer_certificate(ssl) else { return nil }
        defer { X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        guard X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &text, 256) >= 0 else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
