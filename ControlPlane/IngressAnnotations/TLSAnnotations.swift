import PorticoModel

/// TLS with clients: redirects to it, ciphers, and connections that go through as they are.
let tlsAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "ssl-redirect", .bool, default: "true", "Send requests over plain HTTP to HTTPS, where the host has TLS."
    ) { value, policy, _ throws(ValueFault) in
        let isOn = try ValueParser.bool(value)
        if policy.route.tlsRedirect != .always { policy.route.tlsRedirect = isOn ? .ifHostHasTLS : .never }
    },
    AnnotationDefinition(
        "force-ssl-redirect", .bool, risk: .medium, default: "false",
        "Send requests over plain HTTP to HTTPS, though the host has no TLS here: something in front may have it."
    ) { value, policy, options throws(ValueFault) in
        if try ValueParser.bool(value) {
            policy.route.tlsRedirect = .always
        } else if policy.route.tlsRedirect == .always {
            policy.route.tlsRedirect = options.redirectsToTLS ? .ifHostHasTLS : .never
        }
    },
    AnnotationDefinition(
        "ssl-passthrough", .bool, scope: .ingress, default: "false",
        "Connections for this host go to the service of its path / as they are; needs --enable-ssl-passthrough."
    ) { value, policy, _ throws(ValueFault) in
        policy.tls.passesThrough = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "ssl-ciphers", .string, scope: .ingress, default: "", "The host's ciphers for TLS 1.2, as OpenSSL lists them."
    ) { value, policy, _ throws(ValueFault) in
        policy.tls.ciphers = try ValueParser.ciphers(value)
    },
    AnnotationDefinition(
        "ssl-prefer-server-ciphers", .bool, scope: .ingress, default: "true",
        "Whether the server's order of ciphers counts, not the client's."
    ) { value, policy, _ throws(ValueFault) in
        policy.tls.followsClientCiphers = try !ValueParser.bool(value)
    },
]

/// Certificates of clients.
let clientCertificateAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "auth-tls-secret", .string, risk: .medium, default: "",
        "The Secret, as namespace/name, whose ca.crt signs the clients' certificates; its ca.crl lists the revoked ones."
    ) { value, policy, _ throws(ValueFault) in
        policy.tls.clientChoice.secret = ValueParser.trim(value)
        policy.tls.clients = policy.tls.clientChoice
    },
    AnnotationDefinition(
        "auth-tls-verify-client", .string, risk: .medium, default: "on",
        "on, off, optional, or optional_no_ca, which passes certificates of unknown authorities on."
    ) { value, policy, _ throws(ValueFault) in
        let verification: ClientVerification =
            switch ValueParser.trim(value) {
            case "on": .required
            case "off": .off
            case "optional": .optional
            case "optional_no_ca": .optionalWithoutAuthority
            default: throw ValueFault("must be on, off, optional or optional_no_ca, not '\(value)'")
            }
        policy.tls.change { $0.policy.verification = verification }
    },
    AnnotationDefinition(
        "auth-tls-verify-depth", .number, default: "1",
        "How many certificates may stand between a client's and its authority."
    ) { value, policy, _ throws(ValueFault) in
        // As ingress-nginx reads it, 0 is not said at all.
        let depth = try max(1, ValueParser.count(value))
        policy.tls.change { $0.policy.depth = depth }
    },
    AnnotationDefinition(
        "auth-tls-error-page", .string, risk: .high, default: "",
        "Where clients are sent whose certificate is missing or does not verify."
    ) { value, policy, _ throws(ValueFault) in
        let page = ValueParser.trim(value)
        let isPlain = page.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        guard isPlain, ["http://", "https://", "/"].contains(where: { page.hasPrefix($0) }) else {
            throw ValueFault("must be a URL or a path, not '\(value)'")
        }
        policy.tls.change { $0.policy.errorPage = page }
    },
    AnnotationDefinition(
        "auth-tls-pass-certificate-to-upstream", .bool, default: "false",
        "The endpoint gets the client's certificate in ssl-client-cert."
    ) { value, policy, _ throws(ValueFault) in
        let passes = try ValueParser.bool(value)
        policy.tls.change { $0.policy.passesCertificate = passes }
    },
    AnnotationDefinition(
        "auth-tls-match-cn", .string, risk: .high, default: "",
        "A regular expression, beginning with CN=, that the subject of the client's certificate must match; else 403."
    ) { value, policy, _ throws(ValueFault) in
        let pattern = ValueParser.trim(value)
        guard pattern.hasPrefix("CN="), pattern.utf8.count < 1_024 else {
            throw ValueFault("must begin with CN=, and was '\(value)'", consequence: "every request is refused")
        }
        policy.tls.change { $0.policy.subjectPattern = pattern }
    },
]

/// TLS with endpoints.
let upstreamTLSAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-ssl-secret", .string, scope: .ingress, risk: .medium, default: "",
        "The Secret, as namespace/name, with tls.crt and tls.key to show to endpoints and ca.crt to verify them with."
    ) { value, policy, _ throws(ValueFault) in
        let secret = ValueParser.trim(value)
        policy.tls.changeUpstream { $0.secret = secret.isEmpty ? nil : secret }
    },
    AnnotationDefinition(
        "proxy-ssl-verify", .onOff, scope: .ingress, default: "off",
        "Whether the certificates of endpoints are verified."
    ) { value, policy, _ throws(ValueFault) in
        let verifies = try ValueParser.onOff(value)
        policy.tls.changeUpstream { $0.settings.verifies = verifies }
    },
    AnnotationDefinition(
        "proxy-ssl-verify-depth", .number, scope: .ingress, default: "1",
        "How many certificates may stand between an endpoint's and its authority."
    ) { value, policy, _ throws(ValueFault) in
        let depth = try max(1, ValueParser.count(value))
        policy.tls.changeUpstream { $0.settings.depth = depth }
    },
    AnnotationDefinition(
        "proxy-ssl-name", .string, scope: .ingress, risk: .high, default: "",
        "The name that the endpoint is asked for and its certificate must have, instead of the request's host."
    ) { value, policy, _ throws(ValueFault) in
        let name = ValueParser.trim(value)
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), name.utf8.count <= 253 else {
            throw ValueFault("must be a host name, not '\(value)'")
        }
        policy.tls.changeUpstream { $0.settings.name = name }
    },
    AnnotationDefinition(
        "proxy-ssl-server-name", .onOff, scope: .ingress, default: "off",
        "Whether the endpoint is told that name in the handshake."
    ) { value, policy, _ throws(ValueFault) in
        let sends = try ValueParser.onOff(value)
        policy.tls.changeUpstream { $0.settings.sendsServerName = sends }
    },
    AnnotationDefinition(
        "proxy-ssl-protocols", .string, scope: .ingress, default: "TLSv1.2 TLSv1.3",
        "The versions of TLS that are spoken to endpoints."
    ) { value, policy, _ throws(ValueFault) in
        let protocols = try ValueParser.tlsProtocols(value)
        policy.tls.changeUpstream { $0.settings.protocols = protocols }
    },
    AnnotationDefinition(
        "proxy-ssl-ciphers", .string, scope: .ingress, risk: .medium, default: "DEFAULT",
        "The ciphers for TLS 1.2 with endpoints, as OpenSSL lists them."
    ) { value, policy, _ throws(ValueFault) in
        let ciphers = try ValueParser.ciphers(value)
        policy.tls.changeUpstream { $0.settings.ciphers = ciphers.isEmpty ? "DEFAULT" : ciphers }
    },
]

extension IngressTLSPolicy {
    /// Changes what is asked of clients, which counts only where a Secret is named.
    fileprivate mutating func change(_ body: (inout ClientCertificateChoice) -> Void) {
        body(&clientChoice)
        if clients != nil { clients = clientChoice }
    }

    fileprivate mutating func changeUpstream(_ body: (inout UpstreamTLSChoice) -> Void) {
        var choice = upstream ?? UpstreamTLSChoice()
        body(&choice)
        upstream = choice == UpstreamTLSChoice() ? nil : choice
    }
}

extension ValueParser {
    static func ciphers(_ text: String) throws(ValueFault) -> String {
        let list = trim(text)
        let isPlain = list.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+:_-!@=,".utf8.contains(byte)
        }
        guard isPlain, list.utf8.count <= 4_096 else { throw ValueFault("must be a list of ciphers, not '\(text)'") }
        return list
    }

    static func tlsProtocols(_ text: String) throws(ValueFault) -> TLSProtocols {
        var protocols: TLSProtocols = []
        for word in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
            if word == "SSLv2" || word == "SSLv3" { throw ValueFault("\(word) is broken and not spoken here") }
            guard let version = TLSProtocols.named(word) else {
                throw ValueFault("must be a list of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3, not '\(text)'")
            }
            protocols.formUnion(version)
        }
        guard !protocols.isEmpty else { throw ValueFault("must name a version of TLS") }
        return protocols
    }
}
