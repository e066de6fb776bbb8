/// A certificate with its chain and its key, as the workers get it.
package struct CertificateMaterial: Hashable, Sendable {
    /// X.509 in DER, the server's own first.
    package var chain: [[UInt8]]
    /// PKCS#8 in DER.
    package var key: [UInt8]
    /// An OCSP response to staple; empty for none.
    package var ocspResponse: [UInt8]

    package init(chain: [[UInt8]], key: [UInt8], ocspResponse: [UInt8] = []) {
        self.chain = chain
        self.key = key
        self.ocspResponse = ocspResponse
    }
}

/// Whom to believe when a certificate is verified, and what has been revoked.
package struct AuthorityMaterial: Hashable, Sendable {
    /// X.509 in DER.
    package var certificates: [[UInt8]]
    package var revocationLists: [[UInt8]]

    package init(certificates: [[UInt8]], revocationLists: [[UInt8]] = []) {
        self.certificates = certificates
        self.revocationLists = revocationLists
    }
}

/// What session tickets are sealed with: a name, a key for the MAC and one for the cipher, together 80 bytes each.
package struct TicketKeyMaterial: Hashable, Sendable {
    package static let keyBytes = 80

    /// The one in use first, then those that tickets may still be sealed with.
    package var keys: [[UInt8]]

    package init(keys: [[UInt8]]) { self.keys = keys }
}

extension CertificateMaterial: CustomStringConvertible, CustomReflectable {
    /// Without the key.
    package var description: String { "certificate of \(chain.count) parts" }
    package var customMirror: Mirror { Mirror(self, children: ["chain": chain.count]) }
}

extension TicketKeyMaterial: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(keys.count) ticket keys" }
    package var customMirror: Mirror { Mirror(self, children: ["keys": keys.count]) }
}
