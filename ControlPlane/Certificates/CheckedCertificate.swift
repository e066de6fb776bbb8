import COpenSSL
import PorticoModel

/// A certificate with its key that OpenSSL has read and found to belong together.
///
/// Immutable, and OpenSSL's own counters are atomic, so threads may share it.
package final class CheckedCertificate: @unchecked Sendable {
    package let material: CertificateMaterial
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64
    private let leaf: OpaquePointer

    /// Reads what a Secret holds: PEM, the server's own certificate first, then those that lead to its authority.
    package init(chain: [UInt8], key: [UInt8]) throws(CertificateFault) {
        let certificates = try PEM.certificates(chain, field: "tls.crt")
        defer { for certificate in certificates.dropFirst() { X509_free(certificate) } }
        guard let leaf = certificates.first else { throw CertificateFault("tls.crt holds no certificate") }
        self.leaf = leaf
        notBefore = PEM.seconds(X509_get0_notBefore(leaf))
        notAfter = PEM.seconds(X509_get0_notAfter(leaf))
        var material = CertificateMaterial(chain: certificates.map { PEM.der($0) }, key: [])
        do throws(CertificateFault) {
            let pair = try PEM.privateKey(key)
            defer { EVP_PKEY_free(pair) }
            guard X509_check_private_key(leaf, pair) == 1 else {
                ERR_clear_error()
                throw CertificateFault("the key in tls.key is not that of the certificate in tls.crt")
            }
            material.key = PEM.der(key: pair)
        } catch {
            self.material = material
            throw error
        }
        self.material = material
    }

    deinit { X509_free(leaf) }

    package var identity: CertificateIdentity { CertificateIdentity(leaf) }

    /// Why it cannot be used at this time; nil where it can.
    package func fault(at seconds: Int64) -> CertificateFault? {
        // The time is told every few seconds, and a certificate may have been made since.
        if seconds + 60 < notBefore { return CertificateFault("the certificate is not valid yet") }
        if seconds > notAfter { return CertificateFault("the certificate has expired") }
        return nil
    }

    /// Whether it names the host; for `*.example.com`, whether it names that wildcard. A common name counts too, as in
    /// ingress-nginx.
    package func covers(_ host: String) -> Bool {
        let name = host.hasPrefix("*.") ? "any--host" + host.dropFirst() : host
        let flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT)
        return X509_check_host(leaf, name, name.utf8.count, flags, nil) == 1
    }
}
