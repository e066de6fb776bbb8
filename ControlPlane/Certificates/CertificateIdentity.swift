import COpenSSL

/// Who issued a certificate, and under which number.
package struct CertificateIdentity: Hashable, Sendable {
    package var issuerName = ""
    package var issuerOrganization = ""
    /// The `serialNumber` in the issuer's name, which few have.
    package var issuerNumber = ""
    /// In decimal.
    package var serialNumber = ""
    /// `RSA`, `ECDSA` or `Ed25519`.
    package var keyAlgorithm = ""

    init(_ certificate: OpaquePointer) {
        let issuer = X509_get_issuer_name(certificate)
        issuerName = CertificateIdentity.text(NID_commonName, of: issuer)
        issuerOrganization = CertificateIdentity.text(NID_organizationName, of: issuer)
        issuerNumber = CertificateIdentity.text(NID_serialNumber, of: issuer)
        if let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil) {
            defer { BN_free(number) }
            if let text = BN_bn2dec(number) {
                serialNumber = String(cString: text)
                CRYPTO_free(text, nil, 0)
            }
        }
        keyAlgorithm =
            switch EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) {
            case NID_rsaEncryption: "RSA"
            case NID_X9_62_id_ecPublicKey: "ECDSA"
            case NID_ED25519: "Ed25519"
            default: "unknown"
            }
    }

    private static func text(_ field: Int32, of name: OpaquePointer?) -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard X509_NAME_get_text_by_NID(name, field, &bytes, Int32(bytes.count)) > 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
