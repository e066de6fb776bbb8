import COpenSSL
import Foundation
import KubernetesTestServer
import ProcessSupervision
import Synchronization

/// TLS in front of a plain server: what endpoints that speak TLS look like to the proxy. A thread for each connection.
///
/// It serves until the test run ends, so that a test need not hold on to it.
package final class TLSFront: Sendable {
    /// What a client said in its handshake.
    package struct Handshake: Hashable, Sendable {
        /// Nil where it named none.
        package var serverName: String?
        /// The common name of its certificate; nil where it showed none.
        package var clientName: String?
        package var isResumed: Bool
        /// `TLSv1.3` and the like.
        package var version: String
        package var cipher: String
        package var applicationProtocol: String
    }

    package struct Options: Sendable {
        /// PEM: clients must show certificates that this authority signed.
        package var clientAuthority: [UInt8]?
        /// In the form of ALPN; nothing is agreed upon where it is empty.
        package var applicationProtocols: [String] = []
        /// The connection is accepted, and nothing is ever said.
        package var isSilent = false
        package var isTLS12 = false

        package init() {}
    }

    package let address: ListenAddress
    private let seen = Seen()

    private final class Seen: Sendable {
        let handshakes = Mutex<[Handshake]>([])
    }

    package init(_ pair: TestCertificates.Pair, before plain: ListenAddress, _ options: Options = Options()) throws {
        let wanted = ListenAddress(host: "127.0.0.1", port: 0)
        let listener = try ListeningSocket.open(on: wanted)
        address = ListeningSocket.localAddress(of: listener, like: wanted)
        _ = fcntl(listener, F_SETFL, 0)
        nonisolated(unsafe) let context = TLSFront.makeContext(pair, options)
        let seen = seen
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                if options.isSilent { continue }
                Thread.detachNewThread {
                    guard let relay = TLSRelay(descriptor, context) else { return }
                    seen.handshakes.withLock { $0.append(relay.handshake) }
                    relay.run(to: plain)
                }
            }
        }
    }

    package var handshakes: [Handshake] { seen.handshakes.withLock { $0 } }

    private static func makeContext(_ pair: TestCertificates.Pair, _ options: Options) -> OpaquePointer? {
        let context = SSL_CTX_new(TLS_server_method())
        if options.isTLS12 { _ = portico_SSL_CTX_set_max_proto_version(context!, TLS1_2_VERSION) }
        pair.install(in: context)
        // Other certificates behind the first lead to the authority.
        if let folder = try? TemporaryFolder(),
            (try? folder.write(String(decoding: pair.certificate, as: UTF8.self), to: "chain.pem")) != nil
        {
            SSL_CTX_use_certificate_chain_file(context, folder("chain.pem"))
        }
        if let authority = options.clientAuthority {
            TestCertificates.trust(authority, in: context)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        let identity = Array("portico".utf8)
        SSL_CTX_set_session_id_context(context, identity, UInt32(identity.count))
        if options.applicationProtocols.contains("h2") {
            SSL_CTX_set_alpn_select_cb(
                context,
                { _, out, count, _, _, _ in
                    let name: StaticString = "h2"
                    out?.pointee = name.utf8Start
                    count?.pointee = 2
                    return SSL_TLSEXT_ERR_OK
                }, nil)
        }
        return context
    }
}

/// One connection of a `TLSFront`: bytes both ways until both sides have ended.
private final class TLSRelay {
    private let descriptor: Int32
    private let tls: OpaquePointer

    /// - Returns: nil where the handshake fails.
    init?(_ descriptor: Int32, _ context: OpaquePointer?) {
        self.descriptor = descriptor
        guard let tls = SSL_new(context) else { return nil }
        self.tls = tls
        guard SSL_set_fd(tls, descriptor) == 1, SSL_accept(tls) == 1 else { return nil }
    }

    deinit {
        SSL_free(tls)
        close(descriptor)
    }

    var handshake: TLSFront.Handshake {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(tls, &name, &count)
        return TLSFront.Handshake(
            serverName: SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) },
            clientName: clientName, isResumed: SSL_session_reused(tls) == 1,
            version: String(cString: SSL_get_version(tls)),
            cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(tls)).map { String(cString: $0) } ?? "",
            applicationProtocol: String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self))
    }

    private var clientName: String? {
        guard let certificate = portico_SSL_get1_peer_certificate(tls) else { return nil }
        defer { X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &text, 256)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func run(to plain: ListenAddress) {
        guard let server = try? RawConnection(to: plain, seconds: 60) else { return }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var (clientEnded, serverEnded) = (false, false)
        while !clientEnded || !serverEnded {
            var waiting = [
                pollfd(fd: clientEnded ? -1 : descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: serverEnded ? -1 : server.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, 60_000) > 0 else { return }
            if waiting[0].revents != 0 {
                guard let ended = carry(to: server) else { return }
                if ended { server.finishSending() }
                clientEnded = ended
            }
            if waiting[1].revents != 0 {
                guard let ended = carry(from: server) else { return }
                serverEnded = ended
            }
        }
    }

    /// - Returns: whether the client has ended; nil for an error.
    private func carry(to server: RawConnection) -> Bool? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = SSL_read(tls, &buffer, Int32(buffer.count))
            if count > 0 {
                guard (try? server.send(Array(buffer.prefix(Int(count))))) != nil else { return nil }
                continue
            }
            switch SSL_get_error(tls, count) {
            case SSL_ERROR_WANT_READ: return false
            case SSL_ERROR_ZERO_RETURN: return true
            default: return nil
            }
        }
    }

    private func carry(from server: RawConnection) -> Bool? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(server.descriptor, &buffer, buffer.count, 0)
        guard count > 0 else {
            SSL_shutdown(tls)
            shutdown(descriptor, Int32(SHUT_WR))
            return count == 0 ? true : nil
        }
        var sent = 0
        while sent < count {
            let written = buffer.withUnsafeBytes { SSL_write(tls, $0.baseAddress! + sent, Int32(count - sent)) }
            if written > 0 {
                sent += Int(written)
            } else {
                guard SSL_get_error(tls, written) == SSL_ERROR_WANT_WRITE else { return nil }
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&waiting, 1, 60_000) > 0 else { return nil }
            }
        }
        return false
    }
}
