import COpenSSL
import PorticoModel

/// Whom to believe when a peer's certificate is verified.
final class Authorities: Hashable {
    let store: OpaquePointer
    let digest: [UInt8]
    private let names: OpaquePointer

    init(_ material: AuthorityMaterial) throws(TLSError) {
        guard let store = X509_STORE_new(), let names = portico_sk_X509_NAME_new() else {
            throw TLSError.last("X509_STORE_new")
        }
        self.store = store
        self.names = names
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        let all = Array((material.certificates + material.revocationLists).joined())
        SHA256(all, all.count, &digest)
        self.digest = digest
        for bytes in material.certificates {
            guard let certificate = ServerCertificate.parse(bytes) else { throw TLSError.last("authority") }
            defer { X509_free(certificate) }
            // One that is listed twice is there already.
            X509_STORE_add_cert(store, certificate)
            if let name = X509_NAME_dup(X509_get_subject_name(certificate)) {
                _ = portico_sk_X509_NAME_push(names, name)
            }
        }
        for bytes in material.revocationLists { try add(list: bytes) }
        if !material.revocationLists.isEmpty {
            X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
        }
        ERR_clear_error()
    }

    deinit {
        X509_STORE_free(store)
        portico_sk_X509_NAME_pop_free(names)
    }

    private func add(list bytes: [UInt8]) throws(TLSError) {
        let list = bytes.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return d2i_X509_CRL(nil, &cursor, buffer.count)
        }
        guard let list else { throw TLSError.last("revocation list") }
        X509_STORE_add_crl(store, list)
        X509_CRL_free(list)
    }

    /// For the request that clients get.
    func copyNames() -> OpaquePointer? { SSL_dup_CA_list(names) }

    static func == (left: Authorities, right: Authorities) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
