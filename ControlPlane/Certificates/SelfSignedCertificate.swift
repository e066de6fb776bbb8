import COpenSSL
import PorticoModel

/// The certificate for hosts that have none, where people name no better one: made at start, signed by itself.
package enum SelfSignedCertificate {
    private static let lifetimeSeconds = 365 * 86_400

    /// Makes a new one, with an ECDSA key on P-256.
    package static func make() throws(CertificateFault) -> CertificateMaterial {
        guard let key = portico_EVP_EC_gen("P-256"), let certificate = X509_new() else {
            throw CertificateFault("OpenSSL makes no key")
        }
        defer {
            EVP_PKEY_free(key)
            X509_free(certificate)
        }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...(.max >> 1)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
        X509_gmtime_adj(X509_getm_notAfter(certificate), lifetimeSeconds)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        // MBSTRING_UTF8
        X509_NAME_add_entry_by_txt(subject, "O", 0x1000, "Portico", -1, -1, 0)
        X509_NAME_add_entry_by_txt(subject, "CN", 0x1000, "Portico default certificate", -1, -1, 0)
        X509_set_issuer_name(certificate, subject)
        if let names = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:portico.invalid") {
            X509_add_ext(certificate, names, -1)
            X509_EXTENSION_free(names)
        }
        guard X509_sign(certificate, key, EVP_sha256()) > 0 else { throw CertificateFault("OpenSSL signs nothing") }
        return CertificateMaterial(chain: [PEM.der(certificate)], key: PEM.der(key: key))
    }
}
