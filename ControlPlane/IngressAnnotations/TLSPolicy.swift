import PorticoModel

/// What annotations say about TLS with clients and endpoints; Secrets are named and not yet looked at.
package struct IngressTLSPolicy: Hashable, Sendable {
    package var ciphers = ""
    package var followsClientCiphers = false
    package var passesThrough = false
    /// Nil where nothing is asked of clients.
    package var clients: ClientCertificateChoice?
    /// Nil where nothing differs from the defaults.
    package var upstream: UpstreamTLSChoice?

    /// Applies to whatever the annotations say; without `auth-tls-secret` none of it counts.
    var clientChoice = ClientCertificateChoice()

    package init() {}
}

/// `auth-tls-*`.
package struct ClientCertificateChoice: Hashable, Sendable {
    /// As written: `namespace/name`.
    package var secret = ""
    package var policy = ClientCertificatePolicy(authorities: "")

    package init() {}
}

/// `proxy-ssl-*`.
package struct UpstreamTLSChoice: Hashable, Sendable {
    /// As written: `namespace/name`.
    package var secret: String?
    package var settings = UpstreamTLS()

    package init() {}
}

/// `hsts*`, which become one header.
package struct TransportSecurity: Hashable, Sendable {
    package var isOn = true
    package var maximumAge = "31536000"
    package var includesSubdomains = true
    package var preloads = false

    package init() {}

    /// The header's value; empty for none.
    package var value: String {
        guard isOn else { return "" }
        return "max-age=\(maximumAge)" + (includesSubdomains ? "; includeSubDomains" : "")
            + (preloads ? "; preload" : "")
    }
}
