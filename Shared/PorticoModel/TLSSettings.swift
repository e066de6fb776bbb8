/// Versions of TLS (`ssl-protocols`). Raw values are on the wire.
package struct TLSProtocols: OptionSet, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let tls10 = TLSProtocols(rawValue: 1 << 0)
    package static let tls11 = TLSProtocols(rawValue: 1 << 1)
    package static let tls12 = TLSProtocols(rawValue: 1 << 2)
    package static let tls13 = TLSProtocols(rawValue: 1 << 3)

    /// The version that nginx calls so.
    package static func named(_ name: some StringProtocol) -> TLSProtocols? {
        switch name {
        case "TLSv1": .tls10
        case "TLSv1.1": .tls11
        case "TLSv1.2": .tls12
        case "TLSv1.3": .tls13
        default: nil
        }
    }
}

/// What the ConfigMap says about TLS with clients. Defaults are ingress-nginx's.
package struct TLSSettings: Hashable, Sendable {
    package var protocols: TLSProtocols = [.tls12, .tls13]
    /// For TLS 1.2 and below, as OpenSSL writes lists of ciphers.
    package var ciphers = TLSSettings.defaultCiphers
    /// Names of groups for the key exchange, as OpenSSL writes them; empty for its own choice.
    package var curves = ""
    /// The certificate of hosts without one of their own, `namespace/secret`.
    package var defaultCertificate = TLSSettings.builtInCertificate
    /// Connections for hosts without a certificate of their own are refused rather than served with the default one.
    package var rejectsUnknownHosts = false
    /// A worker remembers sessions, so that a client that comes back to it is spared half the handshake.
    package var cachesSessions = true
    package var sessionCacheCount: UInt32 = 40_960
    /// Clients keep their sessions themselves, sealed with keys that all workers share.
    package var issuesTickets = false
    package var sessionTimeoutSeconds: UInt32 = 600
    /// The longest record sent.
    package var recordBytes: UInt32 = 4 << 10
    package var staplesOCSP = false
    /// Parameters for the finite-field key exchange, `namespace/secret`; empty for OpenSSL's own.
    package var keyExchangeParameters = ""
    package var handshakeTimeoutMilliseconds: UInt32 = 10_000
    /// Handshakes under way at once, per worker.
    package var maximumHandshakes: UInt32 = 1_024
    /// The value of Strict-Transport-Security; empty for none.
    package var strictTransportSecurity = "max-age=31536000; includeSubDomains"

    /// Routes whose path begins with one of these are not redirected to https.
    package var unredirectedPaths = ["/.well-known/acme-challenge"]

    package init() {}

    /// The name under which the control plane sends the certificate that it made itself.
    package static let builtInCertificate = "portico/default-certificate"

    package static let defaultCiphers = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384",
    ].joined(separator: ":")
}

/// Whether requests over plain HTTP are sent to HTTPS. Raw values are on the wire.
package enum TLSRedirect: UInt32, Hashable, Sendable {
    /// Where the host has TLS (`ssl-redirect`).
    case ifHostHasTLS = 0
    case never = 1
    /// Whether the host has TLS or not (`force-ssl-redirect`).
    case always = 2
}

/// How certificates of clients are asked for (`auth-tls-verify-client`). Raw values are on the wire.
package enum ClientVerification: UInt32, Hashable, Sendable {
    case required = 0
    case off = 1
    /// Asked for; one that does not verify is refused.
    case optional = 2
    /// Asked for, and passed on whether or not it leads to a known authority.
    case optionalWithoutAuthority = 3
}

/// What a host wants of its clients' certificates (`auth-tls-*`).
package struct ClientCertificatePolicy: Hashable, Sendable {
    package var verification = ClientVerification.required
    /// The authorities, `namespace/secret`. Where they are missing, every request is refused.
    package var authorities: String
    /// Certificates between the client's and the authority's.
    package var depth: UInt32 = 1
    /// Where a client is sent whose certificate is missing or wrong; empty answers 400.
    package var errorPage = ""
    /// The upstream gets the certificate.
    package var passesCertificate = false
    /// A regular expression that the subject must match; empty for any.
    package var subjectPattern = ""

    package init(authorities: String) { self.authorities = authorities }
}

/// What a host says about TLS.
package struct VirtualHostTLS: Hashable, Sendable {
    /// Secrets that may hold its certificate, `namespace/secret`. Of those that are valid and cover the host, the first of
    /// each sort of key is used; without any, the default certificate.
    package var certificates: [String] = []
    /// In place of `TLSSettings.ciphers`; empty for none of its own.
    package var ciphers = ""
    /// The client's order of ciphers counts (`ssl-prefer-server-ciphers: "false"`).
    package var followsClientCiphers = false
    package var clientCertificates: ClientCertificatePolicy?
    /// The upstream that gets the connections themselves (`ssl-passthrough`); empty terminates TLS here.
    package var passthroughUpstream = ""
    /// The host has a certificate, if only the default one: redirects to HTTPS and HSTS are for it.
    package var isServed = true

    package init() {}
}

/// How TLS is spoken to an upstream (`backend-protocol: HTTPS`, `proxy-ssl-*`).
package struct UpstreamTLS: Hashable, Sendable {
    /// Client certificate, key and authorities, `namespace/secret`; empty for none.
    package var secret = ""
    package var verifies = false
    package var depth: UInt32 = 1
    /// The name that is verified and, where `sendsServerName`, asked for; empty takes the name of the request's host.
    package var name = ""
    package var sendsServerName = false
    package var protocols: TLSProtocols = [.tls12, .tls13]
    package var ciphers = "DEFAULT"

    package init() {}
}
