import COpenSSL
import PorticoModel

/// The keys of session tickets (RFC 5077, RFC 8446 §4.6.1) that all contexts of a worker share.
final class TicketKeyRing {
    private struct Key {
        var name: [UInt8]
        var mac: [UInt8]
        var cipher: [UInt8]
    }

    private var keys: [Key] = []

    deinit { wipe() }

    /// Replaces the keys; the first is the one in use.
    func apply(_ material: TicketKeyMaterial) {
        wipe()
        keys = material.keys.filter { $0.count == TicketKeyMaterial.keyBytes }.map {
            Key(name: Array($0[..<16]), mac: Array($0[16..<48]), cipher: Array($0[48..<80]))
        }
    }

    private func wipe() {
        for index in keys.indices {
            keys[index].mac.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
            keys[index].cipher.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        }
        keys = []
    }

    /// OpenSSL's question, in its words: 1 to go on, 2 to go on and give the client a new ticket, 0 for a full handshake.
    func prepare(
        _ ssl: OpaquePointer, name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>,
        cipher: OpaquePointer, mac: OpaquePointer, encrypts: Bool
    ) -> Int32 {
        if encrypts {
            guard let key = keys.first, RAND_bytes(iv, 16) == 1 else { return 0 }
            for (index, byte) in key.name.enumerated() { name[index] = byte }
            guard EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, iv) == 1, setMAC(key, mac) else {
                return -1
            }
            return 1
        }
        guard let index = keys.firstIndex(where: { $0.name.elementsEqual(UnsafeBufferPointer(start: name, count: 16)) })
        else { return 0 }
        let key = keys[index]
        guard EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, iv) == 1, setMAC(key, mac) else {
            return -1
        }
        // A ticket of TLS 1.3 is for one use (RFC 8446 appendix C.4), so the client needs another.
        return index > 0 || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1
    }

    private func setMAC(_ key: Key, _ mac: OpaquePointer) -> Bool {
        var bytes = key.mac
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return bytes.withUnsafeMutableBytes { portico_EVP_MAC_set_sha256_key(mac, $0.baseAddress, $0.count) } == 1
    }
}
