import COpenSSL

/// One-shot digests, by OpenSSL.
package enum MessageDigest {
    case md5, sha1, sha256

    package func hash(_ parts: [UInt8]...) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else { return [] }
        for part in parts { EVP_DigestUpdate(context, part, part.count) }
        guard EVP_DigestFinal_ex(context, &result, &count) == 1 else { return [] }
        return Array(result.prefix(Int(count)))
    }

    /// Lower-case hexadecimal digits of a digest.
    package func hexadecimal(_ parts: [UInt8]...) -> [UInt8] {
        let joined = hash(parts.reduce(into: []) { $0 += $1 })
        return joined.flatMap { byte in
            [byte >> 4, byte & 15].map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 }
        }
    }

    private var algorithm: OpaquePointer? {
        switch self {
        case .md5: EVP_md5()
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        }
    }
}

/// Compares secrets in a time that does not depend on where they differ.
package func isEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
