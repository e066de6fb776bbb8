import COpenSSL
import PorticoModel

/// What a client's certificate came to, in the words that upstreams of ingress-nginx get.
package final class ClientCertificateResult {
    package enum Verdict: Hashable, Sendable {
        case allowed
        /// None was sent, though one is required.
        case missing
        case refused
    }

    package let verdict: Verdict
    /// `SUCCESS`, `NONE` or `FAILED:` and the reason.
    package let verification: String
    /// Distinguished names as RFC 2253 writes them; empty without a certificate.
    package let subject: String
    package let issuer: String
    /// PEM with percent escapes; empty without a certificate.
    package let escapedCertificate: String

    init(_ ssl: OpaquePointer, _ policy: ClientCertificatePolicy, lacksAuthorities: Bool) {
        guard let certificate = portico_SSL_get1_peer_certificate(ssl) else {
            verdict = policy.verification == .required || lacksAuthorities ? .missing : .allowed
            verification = "NONE"
            (subject, issuer, escapedCertificate) = ("", "", "")
            return
        }
        defer { X509_free(certificate) }
        let code = Int32(SSL_get_verify_result(ssl))
        let isTolerated =
            policy.verification == .optionalWithoutAuthority && ClientCertificateResult.lacksIssuer.contains(code)
        verdict = (code == X509_V_OK || isTolerated) && !lacksAuthorities ? .allowed : .refused
        verification =
            code == X509_V_OK ? "SUCCESS" : "FAILED:" + String(cString: X509_verify_cert_error_string(Int(code)))
        subject = ClientCertificateResult.text(X509_get_subject_name(certificate))
        issuer = ClientCertificateResult.text(X509_get_issuer_name(certificate))
        escapedCertificate = policy.passesCertificate ? ClientCertificateResult.escapedPEM(certificate) : ""
    }

    /// What `optional_no_ca` lets pass: the certificate leads to no authority that is known here.
    private static let lacksIssuer: Set<Int32> = [
        X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_CERT_UNTRUSTED,
        X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    ]

    private static func text(_ name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        X509_NAME_print_ex(bio, name, 0, portico_XN_FLAG_RFC2253())
        return contents(bio) { String(decoding: $0, as: UTF8.self) }
    }

    private static func escapedPEM(_ certificate: OpaquePointer) -> String {
        guard let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        PEM_write_bio_X509(bio, certificate)
        return contents(bio) { bytes in
            var escaped = ""
            for byte in bytes {
                let character = Unicode.Scalar(byte)
                switch character {
                case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~": escaped.unicodeScalars.append(character)
                default:
                    let digits = String(byte, radix: 16, uppercase: true)
                    escaped += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
                }
            }
            return escaped
        }
    }

    private static func contents(_ bio: OpaquePointer, _ read: (UnsafeRawBufferPointer) -> String) -> String {
        var bytes: UnsafePointer<CChar>?
        let count = portico_BIO_contents(bio, &bytes)
        return read(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}

extension TLSSession {
    /// Looks at the client's certificate, where the host asks for one. To be called once the handshake is complete.
    package func examineClient() {
        guard let serverContext, let policy = serverContext.clients, policy.verification != .off else { return }
        clientCertificate = ClientCertificateResult(ssl, policy, lacksAuthorities: serverContext.lacksAuthorities)
    }
}
