import COpenSSL
import PorticoModel

/// Keys of session tickets that whoever knows the seed comes to at the same time, so that replicas share them without
/// a word to each other (HKDF, RFC 5869, with the hour as its information).
package enum DerivedTicketKeys {
    package static let minimumSeedBytes = 32
    private static let rotationSeconds: Int64 = 3_600

    /// The key of the hour, those of the two before, and that of the next one, for clocks that are ahead.
    /// - Parameter seconds: since 1970.
    package static func material(seed: [UInt8], at seconds: Int64) -> TicketKeyMaterial {
        let secret = authenticate(Array("portico session tickets".utf8), seed)
        let hour = seconds / rotationSeconds
        return TicketKeyMaterial(keys: [hour, hour - 1, hour - 2, hour + 1].map { expand(secret, hour: $0) })
    }

    private static func expand(_ secret: [UInt8], hour: Int64) -> [UInt8] {
        let information = Array("hour \(hour)".utf8)
        var (bytes, block): ([UInt8], [UInt8]) = ([], [])
        for counter: UInt8 in 1...3 {
            block = authenticate(secret, block + information + [counter])
            bytes += block
        }
        return Array(bytes.prefix(TicketKeyMaterial.keyBytes))
    }

    private static func authenticate(_ key: [UInt8], _ text: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        HMAC(EVP_sha256(), key, Int32(key.count), text, text.count, &code, nil)
        return code
    }
}
