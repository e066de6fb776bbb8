import COpenSSL
import Glibc

/// A certificate authority of one test run, and the certificates that it signs.
package final class TestCertificates: @unchecked Sendable {
    package struct Pair: Sendable {
        /// PEM.
        package var certificate: [UInt8]
        package var key: [UInt8]

        package init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }
    }

    private let key: OpaquePointer
    private let certificate: OpaquePointer
    /// PEM.
    package let authority: [UInt8]

    /// - Parameter superior: signs the authority; nil for one that signs itself.
    package init(name: String = "test authority", superior: TestCertificates? = nil) {
        key = TestCertificates.makeKey()
        let certificate = TestCertificates.make(
            name, [], key, issuer: superior?.certificate, signedWith: superior?.key ?? key,
            extensions: ["basicConstraints": "critical,CA:TRUE", "keyUsage": "critical,keyCertSign,cRLSign"])
        self.certificate = certificate
        authority = TestCertificates.pem { PEM_write_bio_X509($0, certificate) }
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// The authority's own key, in PEM.
    package var authorityKey: [UInt8] {
        TestCertificates.pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    /// - Parameters:
    ///   - alternatives: as `DNS:name` and `IP:address`.
    ///   - extensions: more of them, in OpenSSL's words.
    ///   - seconds: until it expires.
    package func server(
        _ name: String, alternatives: [String], isRSA: Bool = false, extensions: [String: String] = [:],
        seconds: Int = 86_400
    ) -> Pair {
        let own = ["subjectAltName": alternatives.joined(separator: ","), "extendedKeyUsage": "serverAuth"]
        return sign(name, [], own.merging(extensions) { $1 }, isRSA: isRSA, seconds: seconds)
    }

    /// The list of these certificates, revoked, in PEM.
    package func revocationList(_ revoked: [Pair]) -> [UInt8] {
        guard let list = X509_CRL_new(), let time = ASN1_TIME_new() else { fatalError("OpenSSL has no memory") }
        defer {
            X509_CRL_free(list)
            ASN1_TIME_free(time)
        }
        X509_CRL_set_version(list, 1)
        X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate))
        X509_gmtime_adj(time, -3_600)
        X509_CRL_set1_lastUpdate(list, time)
        for pair in revoked {
            TestCertificates.withBIO(pair.certificate) { memory in
                let own = PEM_read_bio_X509(memory, nil, nil, nil)
                let entry = X509_REVOKED_new()
                X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(own))
                X509_REVOKED_set_revocationDate(entry, time)
                X509_CRL_add0_revoked(list, entry)
                X509_free(own)
            }
        }
        X509_gmtime_adj(time, 86_400)
        X509_CRL_set1_nextUpdate(list, time)
        X509_CRL_sort(list)
        X509_CRL_sign(list, key, EVP_sha256())
        return TestCertificates.pem { PEM_write_bio_X509_CRL($0, list) }
    }

    /// What an API server takes for a user with groups.
    package func client(_ name: String, groups: [String] = []) -> Pair {
        sign(name, groups, ["extendedKeyUsage": "clientAuth"])
    }

    private func sign(
        _ name: String, _ groups: [String], _ extensions: [String: String], isRSA: Bool = false,
        seconds: Int = 86_400
    ) -> Pair {
        let own = isRSA ? portico_EVP_RSA_gen(2_048)! : TestCertificates.makeKey()
        defer { EVP_PKEY_free(own) }
        let signed = TestCertificates.make(
            name, groups, own, issuer: certificate, signedWith: key, extensions: extensions, seconds: seconds)
        defer { X509_free(signed) }
        return Pair(
            certificate: TestCertificates.pem { PEM_write_bio_X509($0, signed) },
            key: TestCertificates.pem { PEM_write_bio_PrivateKey($0, own, nil, nil, 0, nil, nil) })
    }

    // MARK: OpenSSL

    /// A key on the curve P-256.
    private static func makeKey() -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1, let key
        else { fatalError("OpenSSL makes no key") }
        return key
    }

    private static func make(
        _ name: String, _ groups: [String], _ key: OpaquePointer, issuer: OpaquePointer?,
        signedWith issuerKey: OpaquePointer, extensions: [String: String], seconds: Int = 86_400
    ) -> OpaquePointer {
        guard let certificate = X509_new() else { fatalError("OpenSSL makes no certificate") }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64(Int64.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
        X509_gmtime_adj(X509_getm_notAfter(certificate), seconds)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        for group in groups { add(group, as: "O", to: subject) }
        add(name, as: "CN", to: subject)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0) } ?? subject)
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            let made = X509V3_EXT_conf(nil, nil, name, value)
            X509_add_ext(certificate, made, -1)
            X509_EXTENSION_free(made)
        }
        guard X509_sign(certificate, issuerKey, EVP_sha256()) > 0 else { fatalError("OpenSSL signs nothing") }
        return certificate
    }

    private static func add(_ text: String, as field: String, to name: OpaquePointer?) {
        let bytes = Array(text.utf8)
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0)
    }

    /// The values of one kind of entry, as CN.
    static func entries(of name: OpaquePointer?, _ identifier: Int32) -> [String] {
        var values: [String] = []
        var index = X509_NAME_get_index_by_NID(name, identifier, -1)
        while index >= 0 {
            let data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))
            let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(data), count: Int(ASN1_STRING_length(data)))
            values.append(String(decoding: bytes, as: UTF8.self))
            index = X509_NAME_get_index_by_NID(name, identifier, index)
        }
        return values
    }

    private static func pem(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        guard write(memory) == 1 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(max(0, Int(count))))
    }

    // MARK: The server's side

    /// What accepts TLS connections, and asks for certificates that this authority signed, or another.
    /// - Parameter authority: PEM.
    func serverContext(_ pair: Pair, authority: [UInt8]? = nil) -> OpaquePointer? {
        let context = SSL_CTX_new(TLS_server_method())
        pair.install(in: context)
        TestCertificates.trust(authority ?? self.authority, in: context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        return context
    }

    /// - Parameter authority: PEM; whose certificates peers may show.
    package static func trust(_ authority: [UInt8], in context: OpaquePointer?) {
        withBIO(authority) { memory in
            let trusted = PEM_read_bio_X509(memory, nil, nil, nil)
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted)
            X509_free(trusted)
        }
    }

    fileprivate static func withBIO(_ bytes: [UInt8], _ body: (OpaquePointer?) -> Void) {
        let memory = BIO_new_mem_buf(bytes, Int32(bytes.count))
        defer { BIO_free(memory) }
        body(memory)
    }
}

extension TestCertificates.Pair {
    /// Makes it what a TLS context shows.
    package func install(in context: OpaquePointer?) {
        TestCertificates.withBIO(certificate) { memory in
            let own = PEM_read_bio_X509(memory, nil, nil, nil)
            SSL_CTX_use_certificate(context, own)
            X509_free(own)
        }
        TestCertificates.withBIO(key) { memory in
            let own = PEM_read_bio_PrivateKey(memory, nil, nil, nil)
            SSL_CTX_use_PrivateKey(context, own)
            EVP_PKEY_free(own)
        }
    }
}
