import COpenSSL
import PorticoModel

/// Reading PEM with OpenSSL, and writing DER.
enum PEM {
    /// The longest text that is looked at.
    private static let maximumBytes = 1 << 20

    static func certificates(_ text: [UInt8], field: String) throws(CertificateFault) -> [OpaquePointer] {
        var found: [OpaquePointer] = []
        let fault = try read(text, field) { bio -> CertificateFault? in
            while true {
                if let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
                    found.append(certificate)
                    continue
                }
                let isEnd = portico_ERR_is_no_start_line(ERR_peek_last_error()) == 1
                ERR_clear_error()
                return isEnd ? nil : CertificateFault("\(field) is no valid PEM")
            }
        }
        if let fault {
            for certificate in found { X509_free(certificate) }
            throw fault
        }
        return found
    }

    static func revocationLists(_ text: [UInt8], field: String) throws(CertificateFault) -> [[UInt8]] {
        var found: [[UInt8]] = []
        let fault = try read(text, field) { bio -> CertificateFault? in
            while true {
                if let list = PEM_read_bio_X509_CRL(bio, nil, nil, nil) {
                    found.append(bytes { i2d_X509_CRL(list, $0) })
                    X509_CRL_free(list)
                    continue
                }
                let isEnd = portico_ERR_is_no_start_line(ERR_peek_last_error()) == 1
                ERR_clear_error()
                return isEnd ? nil : CertificateFault("\(field) is no valid PEM")
            }
        }
        if let fault { throw fault }
        return found
    }

    static func privateKey(_ text: [UInt8]) throws(CertificateFault) -> OpaquePointer {
        let key = try read(text, "tls.key") { bio in
            // Nobody is there to be asked for a password.
            PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in 0 }, nil)
        }
        ERR_clear_error()
        guard let key else {
            throw CertificateFault("tls.key holds no private key that can be read without a password")
        }
        return key
    }

    private static func read<Result>(
        _ text: [UInt8], _ field: String, _ body: (OpaquePointer) -> Result
    ) throws(CertificateFault) -> Result {
        guard !text.isEmpty else { throw CertificateFault("\(field) is missing or empty") }
        guard text.count <= maximumBytes else { throw CertificateFault("\(field) is longer than 1 MiB") }
        return text.withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else {
                fatalError("out of memory for a BIO")
            }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    static func der(_ certificate: OpaquePointer) -> [UInt8] { bytes { i2d_X509(certificate, $0) } }

    static func der(key: OpaquePointer) -> [UInt8] { bytes { i2d_PrivateKey(key, $0) } }

    /// Of a certificate in DER; the caller frees it.
    static func certificate(_ der: [UInt8]) -> OpaquePointer? {
        der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return d2i_X509(nil, &cursor, buffer.count)
        }
    }

    static func bytes(
        _ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Int(max(0, write(nil))))
        result.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = write(&cursor)
        }
        return result
    }

    /// Seconds since 1970.
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_STRING_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

/// Authorities and revocation lists from a Secret's `ca.crt` and `ca.crl`.
package enum AuthorityReader {
    package static func read(
        certificates: [UInt8], revocationLists: [UInt8]?
    ) throws(CertificateFault) -> AuthorityMaterial {
        let parsed = try PEM.certificates(certificates, field: "ca.crt")
        defer { for certificate in parsed { X509_free(certificate) } }
        guard !parsed.isEmpty else { throw CertificateFault("ca.crt holds no certificate") }
        return AuthorityMaterial(
            certificates: parsed.map { PEM.der($0) },
            revocationLists: try revocationLists.map { list throws(CertificateFault) in
                try PEM.revocationLists(list, field: "ca.crl")
            } ?? [])
    }
}
