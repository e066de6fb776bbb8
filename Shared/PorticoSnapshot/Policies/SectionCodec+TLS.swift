internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ settings: TLSSettings, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__TLSSettings> {
        let message = arena.make(portico__snapshot__v1__tlssettings__init)
        message.pointee.protocols = settings.protocols.rawValue
        message.pointee.ciphers = arena.text(settings.ciphers)
        message.pointee.curves = arena.text(settings.curves)
        message.pointee.default_certificate = arena.text(settings.defaultCertificate)
        message.pointee.rejects_unknown_hosts = settings.rejectsUnknownHosts ? 1 : 0
        message.pointee.caches_sessions = settings.cachesSessions ? 1 : 0
        message.pointee.session_cache_count = settings.sessionCacheCount
        message.pointee.issues_tickets = settings.issuesTickets ? 1 : 0
        message.pointee.session_timeout_seconds = settings.sessionTimeoutSeconds
        message.pointee.record_bytes = settings.recordBytes
        message.pointee.staples_ocsp = settings.staplesOCSP ? 1 : 0
        message.pointee.key_exchange_parameters = arena.text(settings.keyExchangeParameters)
        message.pointee.handshake_timeout_ms = settings.handshakeTimeoutMilliseconds
        message.pointee.maximum_handshakes = settings.maximumHandshakes
        message.pointee.strict_transport_security = arena.text(settings.strictTransportSecurity)
        message.pointee.n_unredirected_paths = settings.unredirectedPaths.count
        message.pointee.unredirected_paths = arena.list(settings.unredirectedPaths) { arena.text($0) }
        return message
    }

    static func decode(_ message: Portico__Snapshot__V1__TLSSettings) throws(SnapshotError) -> TLSSettings {
        let reader = FieldReader(message: "TLSSettings")
        var settings = TLSSettings()
        settings.protocols = TLSProtocols(rawValue: message.protocols)
        settings.ciphers = try reader.text(message.ciphers, "ciphers")
        settings.curves = try reader.text(message.curves, "curves")
        settings.defaultCertificate = try reader.text(message.default_certificate, "default_certificate")
        settings.rejectsUnknownHosts = message.rejects_unknown_hosts != 0
        settings.cachesSessions = message.caches_sessions != 0
        settings.sessionCacheCount = message.session_cache_count
        settings.issuesTickets = message.issues_tickets != 0
        settings.sessionTimeoutSeconds = message.session_timeout_seconds
        settings.recordBytes = message.record_bytes
        settings.staplesOCSP = message.staples_ocsp != 0
        settings.keyExchangeParameters = try reader.text(message.key_exchange_parameters, "key_exchange_parameters")
        settings.handshakeTimeoutMilliseconds = message.handshake_timeout_ms
        settings.maximumHandshakes = message.maximum_handshakes
        settings.strictTransportSecurity = try reader.text(
            message.strict_transport_security, "strict_transport_security")
        settings.unredirectedPaths = try reader.texts(
            message.unredirected_paths, message.n_unredirected_paths, "unredirected_paths")
        return settings
    }

    static func encode(
        _ tls: VirtualHostTLS, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__VirtualHostTLS> {
        let message = arena.make(portico__snapshot__v1__virtual_host_tls__init)
        message.pointee.n_certificates = tls.certificates.count
        message.pointee.certificates = arena.list(tls.certificates) { arena.text($0) }
        message.pointee.ciphers = arena.text(tls.ciphers)
        message.pointee.follows_client_ciphers = tls.followsClientCiphers ? 1 : 0
        message.pointee.client_certificates = tls.clientCertificates.map { encode($0, in: arena) }
        message.pointee.passthrough_upstream = arena.text(tls.passthroughUpstream)
        message.pointee.is_served = tls.isServed ? 1 : 0
        return message
    }

    static func decode(_ message: Portico__Snapshot__V1__VirtualHostTLS) throws(SnapshotError) -> VirtualHostTLS {
        let reader = FieldReader(message: "VirtualHostTLS")
        var tls = VirtualHostTLS()
        tls.certificates = try reader.texts(message.certificates, message.n_certificates, "certificates")
        tls.ciphers = try reader.text(message.ciphers, "ciphers")
        tls.followsClientCiphers = message.follows_client_ciphers != 0
        if let part = message.client_certificates { tls.clientCertificates = try decode(part.pointee) }
        tls.passthroughUpstream = try reader.text(message.passthrough_upstream, "passthrough_upstream")
        tls.isServed = message.is_served != 0
        return tls
    }

    private static func encode(
        _ policy: ClientCertificatePolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__ClientCertificatePolicy> {
        let message = arena.make(portico__snapshot__v1__client_certificate_policy__init)
        message.pointee.verification = policy.verification.rawValue
        message.pointee.authorities = arena.text(policy.authorities)
        message.pointee.depth = policy.depth
        message.pointee.error_page = arena.text(policy.errorPage)
        message.pointee.passes_certificate = policy.passesCertificate ? 1 : 0
        message.pointee.subject_pattern = arena.text(policy.subjectPattern)
        return message
    }

    private static func decode(
        _ message: Portico__Snapshot__V1__ClientCertificatePolicy
    ) throws(SnapshotError) -> ClientCertificatePolicy {
        let reader = FieldReader(message: "ClientCertificatePolicy")
        var policy = ClientCertificatePolicy(authorities: try reader.text(message.authorities, "authorities"))
        guard let verification = ClientVerification(rawValue: message.verification) else {
            throw reader.invalid("verification", "\(message.verification)")
        }
        policy.verification = verification
        policy.depth = message.depth
        policy.errorPage = try reader.text(message.error_page, "error_page")
        policy.passesCertificate = message.passes_certificate != 0
        policy.subjectPattern = try reader.text(message.subject_pattern, "subject_pattern")
        return policy
    }

    static func encode(
        _ tls: UpstreamTLS, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__UpstreamTLS> {
        let message = arena.make(portico__snapshot__v1__upstream_tls__init)
        message.pointee.secret = arena.text(tls.secret)
        message.pointee.verifies = tls.verifies ? 1 : 0
        message.pointee.depth = tls.depth
        message.pointee.name = arena.text(tls.name)
        message.pointee.sends_server_name = tls.sendsServerName ? 1 : 0
        message.pointee.protocols = tls.protocols.rawValue
        message.pointee.ciphers = arena.text(tls.ciphers)
        return message
    }

    static func decode(_ message: Portico__Snapshot__V1__UpstreamTLS) throws(SnapshotError) -> UpstreamTLS {
        let reader = FieldReader(message: "UpstreamTLS")
        var tls = UpstreamTLS()
        tls.secret = try reader.text(message.secret, "secret")
        tls.verifies = message.verifies != 0
        tls.depth = message.depth
        tls.name = try reader.text(message.name, "name")
        tls.sendsServerName = message.sends_server_name != 0
        tls.protocols = TLSProtocols(rawValue: message.protocols)
        tls.ciphers = try reader.text(message.ciphers, "ciphers")
        return tls
    }
}
