import COpenSSL
import PorticoModel

/// A certificate with its key and chain, as OpenSSL holds them.
final class ServerCertificate: Hashable {
    enum KeySort: Hashable {
        case rsa, ecdsa, other
    }

    let leaf: OpaquePointer
    let key: OpaquePointer
    let chain: OpaquePointer
    let sort: KeySort
    let ocspResponse: [UInt8]

    init(_ material: CertificateMaterial) throws(TLSError) {
        var parts: [OpaquePointer] = []
        for bytes in material.chain {
            guard let part = ServerCertificate.parse(bytes) else {
                for part in parts { X509_free(part) }
                throw TLSError.last("certificate")
            }
            parts.append(part)
        }
        var cursor: UnsafePointer<UInt8>?
        let key = material.key.withUnsafeBufferPointer { bytes in
            cursor = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &cursor, bytes.count)
        }
        guard let leaf = parts.first, let key, let chain = portico_sk_X509_new() else {
            for part in parts { X509_free(part) }
            EVP_PKEY_free(key)
            throw TLSError.last("key")
        }
        for part in parts.dropFirst() { _ = portico_sk_X509_push(chain, part) }
        self.leaf = leaf
        self.key = key
        self.chain = chain
        ocspResponse = material.ocspResponse
        sort = portico_EVP_PKEY_is_RSA(key) == 1 ? .rsa : portico_EVP_PKEY_is_EC(key) == 1 ? .ecdsa : .other
        // The two belong together, or nothing here is used.
        guard X509_check_private_key(leaf, key) == 1 else { throw TLSError.last("key of the certificate") }
    }

    deinit {
        X509_free(leaf)
        EVP_PKEY_free(key)
        portico_sk_X509_pop_free(chain)
    }

    static func parse(_ bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return d2i_X509(nil, &cursor, buffer.count)
        }
    }

    /// Whether the certificate names the host: by its alternative names, or, as ingress-nginx still allows, by its common
    /// name. For a wildcard host it must name the wildcard.
    func covers(_ host: String) -> Bool {
        var name = host
        // A name that no certificate has, so that only a wildcard covers it.
        if name.hasPrefix("*.") { name = "any--host" + name.dropFirst() }
        let flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT)
        return X509_check_host(leaf, name, name.utf8.count, flags, nil) == 1
    }

    static func == (left: ServerCertificate, right: ServerCertificate) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
