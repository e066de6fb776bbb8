import COpenSSL
import PorticoModel

/// Certificates made for one test.
struct TestCertificate {
    enum Sort { case rsa, ecdsa }

    let certificate: OpaquePointer
    let key: OpaquePointer

    /// - Parameters:
    ///   - issuer: signs it; nil for one that signs itself.
    ///   - isAuthority: may sign others.
    init(
        _ names: [String], _ sort: Sort = .ecdsa, issuer: TestCertificate? = nil, isAuthority: Bool = false,
        commonName: String = "test"
    ) {
        key = sort == .rsa ? portico_EVP_RSA_gen(2_048)! : portico_EVP_EC_gen("P-256")!
        certificate = X509_new()!
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int(UInt32.random(in: 1 ... .max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3_600)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", 0x1000 | 1, commonName, -1, -1, 0)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.certificate) } ?? subject)
        if !names.isEmpty { add(NID_subject_alt_name, names.map { "DNS:\($0)" }.joined(separator: ",")) }
        if isAuthority { add(NID_basic_constraints, "critical,CA:TRUE") }
        X509_sign(certificate, issuer?.key ?? key, EVP_sha256())
    }

    private func add(_ kind: Int32, _ value: String) {
        let part = X509V3_EXT_conf_nid(nil, nil, kind, value)
        X509_add_ext(certificate, part, -1)
        X509_EXTENSION_free(part)
    }

    static func bytes(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Int(write(nil)))
        result.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = write(&cursor)
        }
        return result
    }

    var der: [UInt8] { TestCertificate.bytes { i2d_X509(certificate, $0) } }

    var material: CertificateMaterial {
        CertificateMaterial(chain: [der], key: TestCertificate.bytes { i2d_PrivateKey(key, $0) })
    }
}
