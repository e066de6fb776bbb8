import ClusterState
import PorticoModel

/// TLS with clients, for all hosts.
let tlsOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "ssl-protocols", .string, default: "TLSv1.2 TLSv1.3", "The versions of TLS that are spoken."
    ) { value, options throws(ValueFault) in
        options.settings.tls.protocols = try ValueParser.tlsProtocols(value)
    },
    GlobalOptionDefinition(
        "ssl-ciphers", .string, default: TLSSettings.defaultCiphers, "The ciphers for TLS 1.2, as OpenSSL lists them."
    ) { value, options throws(ValueFault) in
        let ciphers = try ValueParser.ciphers(value)
        options.settings.tls.ciphers = ciphers.isEmpty ? TLSSettings.defaultCiphers : ciphers
    },
    GlobalOptionDefinition(
        "ssl-ecdh-curve", .string, default: "auto", "The groups for the key exchange, as OpenSSL lists them."
    ) { value, options throws(ValueFault) in
        let curves = try ValueParser.ciphers(value)
        options.settings.tls.curves = curves == "auto" ? "" : curves
    },
    GlobalOptionDefinition(
        "ssl-dh-param", .string, default: "",
        "The Secret, as namespace/name, with the parameters of the finite-field key exchange under dhparam.pem."
    ) { value, options throws(ValueFault) in
        options.settings.tls.keyExchangeParameters = ValueParser.trim(value)
    },
    GlobalOptionDefinition(
        "ssl-session-cache", .bool, default: "true", "Whether a worker remembers sessions for clients that come back."
    ) { value, options throws(ValueFault) in
        options.settings.tls.cachesSessions = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "ssl-session-cache-size", .size, default: "10m", "How much that is at most; 4000 sessions to the megabyte."
    ) { value, options throws(ValueFault) in
        let bytes = try ValueParser.size(value)
        options.settings.tls.sessionCacheCount = UInt32(clamping: max(1, bytes / 256))
    },
    GlobalOptionDefinition(
        "ssl-session-tickets", .bool, default: "false",
        "Whether clients keep their sessions themselves, sealed with keys that all workers share."
    ) { value, options throws(ValueFault) in
        options.settings.tls.issuesTickets = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "ssl-session-ticket-key", .string, default: "",
        "The key that tickets are sealed with, in base64: 80 or 48 random bytes. Without one the control plane makes its own, every hour."
    ) { value, options throws(ValueFault) in
        options.ticketKey = try ValueParser.ticketKey(value)
    },
    GlobalOptionDefinition(
        "enable-ocsp", .bool, default: "false",
        "Whether the authorities' word that certificates are not revoked is shown to clients; the control plane asks for it."
    ) { value, options throws(ValueFault) in
        options.settings.tls.staplesOCSP = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "ssl-session-timeout", .time, default: "10m", "How long a session may be resumed."
    ) { value, options throws(ValueFault) in
        options.settings.tls.sessionTimeoutSeconds = try ValueParser.time(value) / 1_000
    },
    GlobalOptionDefinition(
        "ssl-buffer-size", .size, default: "4k", "The longest record that is sent."
    ) { value, options throws(ValueFault) in
        let bytes = try ValueParser.size(value)
        guard (512...(1 << 20)).contains(bytes) else {
            throw ValueFault("must be from 512 bytes to 1m, not '\(value)'")
        }
        options.settings.tls.recordBytes = UInt32(min(bytes, 16 << 10))
    },
    GlobalOptionDefinition(
        "ssl-reject-handshake", .bool, default: "false",
        "Refuse connections for hosts without a certificate, rather than show the default one."
    ) { value, options throws(ValueFault) in
        options.settings.tls.rejectsUnknownHosts = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "ssl-redirect", .bool, default: "true", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.redirectsToTLS = try ValueParser.bool(value)
        guard options.settings.defaultPolicy.tlsRedirect != .always else { return }
        options.settings.defaultPolicy.tlsRedirect = options.redirectsToTLS ? .ifHostHasTLS : .never
    },
    GlobalOptionDefinition(
        "force-ssl-redirect", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        if try ValueParser.bool(value) { options.settings.defaultPolicy.tlsRedirect = .always }
    },
    GlobalOptionDefinition(
        "no-tls-redirect-locations", .list, default: "/.well-known/acme-challenge",
        "Paths of Ingresses, by how they begin, whose requests stay on plain HTTP."
    ) { value, options throws(ValueFault) in
        options.settings.tls.unredirectedPaths = value.split(separator: ",").map { ValueParser.trim(String($0)) }
            .filter { !$0.isEmpty }
    },
    GlobalOptionDefinition(
        "hsts", .bool, default: "true", "Whether hosts with TLS tell browsers to use nothing else."
    ) { value, options throws(ValueFault) in
        options.transportSecurity.isOn = try ValueParser.bool(value)
        options.settings.tls.strictTransportSecurity = options.transportSecurity.value
    },
    GlobalOptionDefinition(
        "hsts-max-age", .seconds, default: "31536000", "For how long."
    ) { value, options throws(ValueFault) in
        let text = ValueParser.trim(value)
        guard !text.isEmpty, text.utf8.count < 19, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw ValueFault("must be a number of seconds, not '\(value)'")
        }
        options.transportSecurity.maximumAge = text
        options.settings.tls.strictTransportSecurity = options.transportSecurity.value
    },
    GlobalOptionDefinition(
        "hsts-include-subdomains", .bool, default: "true", "Whether that holds for names below the host's too."
    ) { value, options throws(ValueFault) in
        options.transportSecurity.includesSubdomains = try ValueParser.bool(value)
        options.settings.tls.strictTransportSecurity = options.transportSecurity.value
    },
    GlobalOptionDefinition(
        "hsts-preload", .bool, default: "false", "Whether browsers may ship with that knowledge."
    ) { value, options throws(ValueFault) in
        options.transportSecurity.preloads = try ValueParser.bool(value)
        options.settings.tls.strictTransportSecurity = options.transportSecurity.value
    },
]

extension ValueParser {
    /// As nginx reads its files of keys, laid out as `TicketKeyMaterial` has them. Says nothing of the value: it is a secret.
    static func ticketKey(_ text: String) throws(ValueFault) -> [UInt8] {
        let decoded = Base64Text.decode(text)
        if decoded == [] { return [] }
        guard let bytes = decoded, bytes.count == 80 || bytes.count == 48 else {
            throw ValueFault("must be 80 or 48 bytes in base64", consequence: "the control plane makes keys itself")
        }
        if bytes.count == TicketKeyMaterial.keyBytes { return bytes }
        // Name, cipher and MAC of 16 bytes each. A MAC's key is filled up with zeros anyway (RFC 2104).
        let (name, cipher, mac) = (bytes[..<16], bytes[16..<32], bytes[32...])
        return Array(name + mac + [UInt8](repeating: 0, count: 16) + cipher + cipher)
    }
}
