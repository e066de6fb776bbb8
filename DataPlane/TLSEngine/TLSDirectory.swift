import COpenSSL
import PorticoModel
import PorticoSnapshot

/// A worker's certificates, authorities and ticket keys, and the contexts made of them.
///
/// What arrives is kept as bytes and read when a handshake first needs it, so that ten thousand certificates cost no turn
/// of the loop. Contexts are shared between hosts that want the same, and thrown away when what they were made of
/// changes; connections keep theirs.
package final class TLSDirectory {
    private static let maximumContexts = 4_096

    private var contents: [LiveObjectName: [UInt8]] = [:]
    private var certificates: [String: ServerCertificate] = [:]
    private var authorities: [String: Authorities] = [:]
    /// Objects that are of no use, and why; they are not read again and again.
    private var faults: [LiveObjectName: TLSError] = [:]
    private let tickets = TicketKeyRing()
    private var parameters: OpaquePointer?
    private var contexts: [ServerContextKey: TLSServerContext] = [:]
    private var peers = TLSPeerTable()
    /// The context of a host as it was last found, with the section it was found for.
    private var found: [String: (tls: VirtualHostTLS?, context: TLSServerContext)] = [:]
    package private(set) var settings = TLSSettings()
    package private(set) var offersHTTP2 = false
    /// Contexts made since the start.
    package private(set) var builtContexts: UInt64 = 0

    package init() {}

    deinit { EVP_PKEY_free(parameters) }

    // MARK: State

    package func configure(_ settings: TLSSettings, offersHTTP2: Bool) {
        guard settings != self.settings || offersHTTP2 != self.offersHTTP2 else { return }
        self.settings = settings
        self.offersHTTP2 = offersHTTP2
        contexts = [:]
        found = [:]
    }

    /// Takes live objects of the kinds that concern TLS; others are none of its business.
    package func apply(_ objects: [LiveObject]) {
        for object in objects where contents[object.name] != object.content {
            switch object.name.kind {
            case .ticketKeys: applyTicketKeys(object.content)
            case .keyExchangeParameters: applyParameters(object.content)
            case .certificate, .authorities:
                forget(object.name)
                contents[object.name] = object.content
            default: break
            }
        }
    }

    package func remove(_ names: [LiveObjectName]) {
        for name in names { forget(name) }
    }

    private func applyTicketKeys(_ content: [UInt8]) {
        if let material = try? LiveObjectCodec.decodeTicketKeys(content) { tickets.apply(material) }
    }

    private func applyParameters(_ content: [UInt8]) {
        let bio = content.withUnsafeBytes { bytes in
            BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)).flatMap { bio in
                defer { BIO_free(bio) }
                return PEM_read_bio_Parameters(bio, nil)
            }
        }
        ERR_clear_error()
        EVP_PKEY_free(parameters)
        parameters = bio
        contexts = [:]
        found = [:]
    }

    /// Forgets an object and all that was made of it.
    private func forget(_ name: LiveObjectName) {
        contents[name] = nil
        faults[name] = nil
        found = [:]
        switch name.kind {
        case .certificate:
            guard let old = certificates.removeValue(forKey: name.name) else { break }
            contexts = contexts.filter { !$0.key.certificates.contains(old) }
        case .authorities:
            guard let old = authorities.removeValue(forKey: name.name) else { break }
            contexts = contexts.filter { $0.key.authorities != old }
        default: return
        }
        peers.forget(secret: name.name)
    }

    // MARK: Servers

    /// The context for a host that a client named.
    /// - Parameters:
    ///   - host: as in its section, `*.example.com` for a wildcard; empty for connections to no known host.
    ///   - tls: what the section says; nil where it says nothing about TLS.
    /// - Returns: nil where the handshake is to be refused.
    package func serverContext(for host: String, _ tls: VirtualHostTLS?) -> TLSServerContext? {
        if let known = found[host], known.tls == tls { return known.context }
        var key = ServerContextKey(certificates: [])
        key.offersHTTP2 = offersHTTP2
        if let tls {
            key.certificates = usable(tls.certificates, for: host)
            key.ciphers = tls.ciphers
            key.followsClientCiphers = tls.followsClientCiphers
            if let clients = tls.clientCertificates, clients.verification != .off {
                key.clients = clients
                key.authorities = authorities(clients.authorities)
                key.host = host
            }
        }
        if key.certificates.isEmpty {
            if settings.rejectsUnknownHosts, tls == nil || tls?.certificates.isEmpty == true { return nil }
            key.certificates =
                [certificate(settings.defaultCertificate) ?? certificate(TLSSettings.builtInCertificate)]
                .compactMap { $0 }
        }
        guard !key.certificates.isEmpty, let context = context(key) else { return nil }
        if found.count > TLSDirectory.maximumContexts { found = [:] }
        found[host] = (tls, context)
        return context
    }

    /// Of the certificates that cover the host, the first of each sort of key.
    private func usable(_ names: [String], for host: String) -> [ServerCertificate] {
        var chosen: [ServerCertificate] = []
        // Connections to hosts that nobody names get the default one, whoever claims them.
        if host.isEmpty { return [] }
        for name in names {
            guard let candidate = certificate(name), candidate.covers(host),
                !chosen.contains(where: { $0.sort == candidate.sort })
            else { continue }
            chosen.append(candidate)
        }
        return chosen
    }

    private func context(_ key: ServerContextKey) -> TLSServerContext? {
        if let known = contexts[key] { return known }
        do throws(TLSError) {
            let context = try TLSServerContext(key, settings: settings, parameters: parameters, tickets: tickets)
            if contexts.count >= TLSDirectory.maximumContexts { contexts = [:] }
            contexts[key] = context
            builtContexts += 1
            return context
        } catch {
            // A host's own ciphers that OpenSSL does not know; the ConfigMap's were checked.
            guard !key.ciphers.isEmpty else { return nil }
            var plain = key
            plain.ciphers = ""
            return self.context(plain)
        }
    }

    // MARK: Upstreams

    /// How endpoints are spoken to.
    /// - Parameter name: theirs; empty where none is asked for or verified.
    package func peer(for settings: UpstreamTLS, name: String, offersHTTP2: Bool) throws(TLSError) -> TLSPeer {
        // Made before the table is borrowed: parsing what is new changes this directory.
        let secret = settings.secret
        let shown = secret.isEmpty ? nil : certificate(secret)
        let believed = secret.isEmpty ? nil : authorities(secret)
        return try peers.peer(settings, name: name, offersHTTP2: offersHTTP2) { () throws(TLSError) in
            try TLSClientContext(settings, certificate: shown, authorities: believed, offersHTTP2: offersHTTP2)
        }
    }

    // MARK: Objects

    private func certificate(_ name: String) -> ServerCertificate? {
        if let known = certificates[name] { return known }
        let parsed = parse(.certificate, name) { content throws(TLSError) in
            guard let material = try? LiveObjectCodec.decodeCertificate(content) else {
                throw TLSError("malformed certificate")
            }
            return try ServerCertificate(material)
        }
        certificates[name] = parsed
        return parsed
    }

    private func authorities(_ name: String) -> Authorities? {
        if let known = authorities[name] { return known }
        let parsed = parse(.authorities, name) { content throws(TLSError) in
            guard let material = try? LiveObjectCodec.decodeAuthorities(content) else {
                throw TLSError("malformed authorities")
            }
            return try Authorities(material)
        }
        authorities[name] = parsed
        return parsed
    }

    private func parse<Parsed>(
        _ kind: LiveObjectKind, _ name: String, _ read: ([UInt8]) throws(TLSError) -> Parsed
    ) -> Parsed? {
        let object = LiveObjectName(kind: kind, name: name)
        guard let content = contents[object], faults[object] == nil else { return nil }
        do throws(TLSError) { return try read(content) } catch {
            faults[object] = error
            return nil
        }
    }
}
