import COpenSSL
import PorticoModel

/// What the authority of a certificate is asked about it (RFC 6960), and how its answer is judged.
package struct OCSPQuery: Hashable, Sendable {
    /// Answers may come from a clock that is this much off.
    private static let toleranceSeconds = 300
    /// How often an answer is renewed that does not say until when it holds.
    private static let defaultLifetimeSeconds: Int64 = 7_200

    /// Of the responder.
    package let url: String
    /// In DER.
    package let request: [UInt8]
    /// In DER; tells certificates apart.
    package let leaf: [UInt8]
    private let issuer: [UInt8]

    /// - Returns: nil where the certificate names no responder.
    package static func about(_ material: CertificateMaterial) throws(CertificateFault) -> OCSPQuery? {
        guard let leaf = material.chain.first, let certificate = PEM.certificate(leaf) else { return nil }
        defer { X509_free(certificate) }
        guard let url = responder(of: certificate) else { return nil }
        guard material.chain.count > 1, let authority = PEM.certificate(material.chain[1]) else {
            throw CertificateFault("the certificate's issuer is not in tls.crt, so no OCSP response can be verified")
        }
        defer { X509_free(authority) }
        guard X509_check_issued(authority, certificate) == X509_V_OK else {
            throw CertificateFault("the second certificate in tls.crt has not issued the first one")
        }
        return OCSPQuery(url: url, leaf: leaf, issuer: material.chain[1], certificate, authority)
    }

    private init?(url: String, leaf: [UInt8], issuer: [UInt8], _ certificate: OpaquePointer, _ authority: OpaquePointer)
    {
        guard let request = OCSP_REQUEST_new() else { return nil }
        defer { OCSP_REQUEST_free(request) }
        guard let identifier = OCSP_cert_to_id(nil, certificate, authority) else { return nil }
        guard OCSP_request_add0_id(request, identifier) != nil else {
            OCSP_CERTID_free(identifier)
            return nil
        }
        (self.url, self.leaf, self.issuer) = (url, leaf, issuer)
        self.request = PEM.bytes { i2d_OCSP_REQUEST(request, $0) }
    }

    /// The first one over HTTP.
    private static func responder(of certificate: OpaquePointer) -> String? {
        guard let list = X509_get1_ocsp(certificate) else { return nil }
        defer { X509_email_free(list) }
        for index in 0..<portico_sk_OPENSSL_STRING_num(list) {
            guard let text = portico_sk_OPENSSL_STRING_value(list, index) else { continue }
            let url = String(cString: text)
            if url.hasPrefix("http://") || url.hasPrefix("https://"), url.utf8.count < 2_048 { return url }
        }
        return nil
    }

    // MARK: The answer

    /// Takes an answer that the authority has signed.
    package func read(_ response: [UInt8], at seconds: Int64) throws(CertificateFault) -> OCSPAnswer {
        let parsed = response.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return d2i_OCSP_RESPONSE(nil, &cursor, bytes.count)
        }
        defer { ERR_clear_error() }
        guard let parsed else { throw CertificateFault("the responder's answer is no OCSP response") }
        defer { OCSP_RESPONSE_free(parsed) }
        let status = OCSP_response_status(parsed)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL, let basic = OCSP_response_get1_basic(parsed) else {
            throw CertificateFault(
                "the responder answers '\(String(cString: OCSP_response_status_str(Int(status))))'")
        }
        defer { OCSP_BASICRESP_free(basic) }
        try verify(basic)
        return try judge(basic, response, at: seconds)
    }

    private func verify(_ basic: OpaquePointer) throws(CertificateFault) {
        guard let authority = PEM.certificate(issuer), let store = X509_STORE_new(),
            let others = portico_sk_X509_new()
        else { throw CertificateFault("OpenSSL has no memory") }
        defer {
            portico_sk_X509_free(others)
            X509_STORE_free(store)
            X509_free(authority)
        }
        X509_STORE_add_cert(store, authority)
        // The issuer is believed as it is, whoever signed it.
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        _ = portico_sk_X509_push(others, authority)
        guard OCSP_basic_verify(basic, others, store, 0) == 1 else {
            throw CertificateFault("the responder's answer is not signed by the certificate's issuer")
        }
    }

    private func judge(
        _ basic: OpaquePointer, _ response: [UInt8], at seconds: Int64
    ) throws(CertificateFault) -> OCSPAnswer {
        guard let certificate = PEM.certificate(leaf), let authority = PEM.certificate(issuer) else {
            throw CertificateFault("the certificate cannot be read")
        }
        defer {
            X509_free(certificate)
            X509_free(authority)
        }
        guard let identifier = OCSP_cert_to_id(nil, certificate, authority) else {
            throw CertificateFault("OpenSSL has no memory")
        }
        defer { OCSP_CERTID_free(identifier) }
        var (status, reason): (Int32, Int32) = (0, 0)
        var revokedAt: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var thisUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var nextUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        guard OCSP_resp_find_status(basic, identifier, &status, &reason, &revokedAt, &thisUpdate, &nextUpdate) == 1
        else { throw CertificateFault("the responder's answer is about another certificate") }
        guard OCSP_check_validity(thisUpdate, nextUpdate, OCSPQuery.toleranceSeconds, -1) == 1 else {
            throw CertificateFault("the responder's answer is out of date")
        }
        guard status == V_OCSP_CERTSTATUS_GOOD else {
            return .bad(
                CertificateFault("the responder says '\(String(cString: OCSP_cert_status_str(Int(status))))'"))
        }
        let end = nextUpdate.map { PEM.seconds($0) } ?? seconds + OCSPQuery.defaultLifetimeSeconds
        return .good(
            OCSPStaple(response: response, refreshAt: seconds + max(60, (end - seconds) / 2), expiresAt: end))
    }
}

/// What the authority says.
package enum OCSPAnswer: Hashable, Sendable {
    case good(OCSPStaple)
    /// It is revoked, or unknown.
    case bad(CertificateFault)
}

/// An answer that may be shown to clients with the certificate.
package struct OCSPStaple: Hashable, Sendable {
    /// In DER.
    package let response: [UInt8]
    /// Seconds since 1970.
    package let refreshAt: Int64
    package let expiresAt: Int64
}
