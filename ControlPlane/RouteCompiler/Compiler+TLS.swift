import Certificates
import ClusterState
import IngressAnnotations
import PorticoModel
import PorticoSnapshot

/// What the Ingresses of a host say about TLS together.
struct PlannedHostTLS: Hashable, Sendable {
    var tls: VirtualHostTLS
    /// Connections go to the service of the path `/` as they are.
    var passesThrough: Bool
}

/// A certificate that a host shows.
package struct ServedCertificate: Sendable {
    package let host: String
    package let secret: ObjectName
    package let certificate: CheckedCertificate
}

/// TLS in the compiler: hosts, and the live objects that they refer to.
extension Compiler {
    // MARK: Hosts

    /// - Returns: whether the host is to be emitted anew.
    func replaceTLS(_ host: String, exists: Bool) -> Bool {
        let names = Set(ingressesOfHost[host]).union(ingressesOfDerivedHost[host])
        let plans = names.compactMap { self.plans[$0] }.filter { $0.canary == nil }.sorted { $0.precedes($1) }
        let said = plans.compactMap(\.tls)
        let planned = TLSPass.merge(host, said).map {
            PlannedHostTLS(tls: $0, passesThrough: said.contains { $0.passesThrough })
        }
        let new = exists ? planned : nil
        guard tlsOfHost[host] != new else { return false }
        tlsOfHost[host] = new
        return exists
    }

    func emittedTLS(
        _ host: String, _ routes: [MergedRoute], name: (UpstreamKey) -> String
    ) -> VirtualHostTLS? {
        guard let planned = tlsOfHost[host] else { return nil }
        var tls = planned.tls
        if planned.passesThrough, let upstream = routes.first(where: { $0.path == "/" })?.upstream {
            tls.passthroughUpstream = name(upstream)
        }
        return tls
    }

    // MARK: Live objects

    /// Gives all workers what no object of the cluster holds. The configuration may have its own in place of it.
    package func supply(_ objects: [LiveObject]) -> CompilationResult {
        var result = CompilationResult()
        for object in objects where supplied.updateValue(object, forKey: object.name) != object {
            if object.name == Compiler.ticketKeys, !ticketKeys.isEmpty { continue }
            liveObjects[object.name] = object
            result.changedObjects.append(object)
        }
        return result
    }

    private static let ticketKeys = LiveObjectName(kind: .ticketKeys, name: "")
    /// Tickets sealed with the key before the present one are still read.
    private static let keptTicketKeys = 2

    /// The key of the ConfigMap goes before those that the control plane makes itself. As a secret it is live state, and
    /// no part of any version.
    func emitTicketKeys(into result: inout CompilationResult) {
        let key = options.ticketKey
        if key.isEmpty {
            ticketKeys = []
        } else if ticketKeys.first != key {
            ticketKeys = Array(([key] + ticketKeys).prefix(Compiler.keptTicketKeys))
        }
        let name = Compiler.ticketKeys
        let own = LiveObject(
            name: name, content: LiveObjectCodec.encode(TicketKeyMaterial(keys: ticketKeys)))
        guard let wanted = ticketKeys.isEmpty ? supplied[name] : own else {
            if liveObjects.removeValue(forKey: name) != nil { result.removedObjects.append(name) }
            return
        }
        if liveObjects.updateValue(wanted, forKey: name) != wanted { result.changedObjects.append(wanted) }
    }

    /// What the keys of tickets are derived from; nil without a Secret that is of use.
    package var ticketSeed: [UInt8]? {
        guard let name = configuration.ticketSeed, let seed = state.secrets[name]?.data["seed"],
            seed.count >= DerivedTicketKeys.minimumSeedBytes
        else { return nil }
        return seed
    }

    func noteTicketSeed() {
        guard let name = configuration.ticketSeed else { return }
        let secret = ObjectReference(kind: ObjectKind.secret.rawValue, name: name)
        let isThere = state.secrets[name] != nil
        let wrong = Diagnostic(
            severity: .warning, kind: .backend, object: secret, line: 0, field: isThere ? "data[seed]" : "",
            reason: (isThere
                ? "there are no \(DerivedTicketKeys.minimumSeedBytes) bytes under 'seed' in Secret \(name)"
                : "there is no Secret \(name)") + ", which --ticket-seed-secret names",
            consequence: "this control plane makes keys of session tickets of its own")
        diagnosticTable.replace(secret, .sessionTickets, with: ticketSeed == nil ? [wrong] : [])
    }

    /// Tells the time. A certificate that has become valid or has expired since is used, or no longer used.
    package func advance(to seconds: Int64) -> CompilationResult {
        let changed = certificates.changed(from: now, to: seconds)
        now = seconds
        guard !changed.isEmpty else { return CompilationResult() }
        for name in changed { touchLiveObjects(name) }
        return refresh(changed.map { ObjectReference(kind: ObjectKind.secret.rawValue, name: $0) })
    }

    /// The certificates in use that a response of their authorities may be stapled to; none unless `enable-ocsp`.
    package var stapleable: [CertificateMaterial] { stapleableSecrets.map(\.material) }

    private var stapleableSecrets: [(name: ObjectName, material: CertificateMaterial)] {
        guard options.settings.tls.staplesOCSP else { return [] }
        return liveObjects.keys.sorted().compactMap { name in
            guard name.kind == .certificate, wantedObjects.isWanted(name), let secret = ObjectName(slashed: name.name),
                case .success(let checked) = certificates.certificate(secret, state)
            else { return nil }
            return (secret, checked.material)
        }
    }

    /// Takes what the authorities say about the certificates.
    package func staple(_ standing: OCSPStanding) -> CompilationResult {
        var result = CompilationResult()
        for secret in certificates.staple(standing.responses) {
            wantedObjects.touch(LiveObjectName(kind: .certificate, name: secret.description))
        }
        emitLiveObjects(into: &result)
        noteStapling(standing)
        emitDiagnostics(into: &result)
        return result
    }

    private func noteStapling(_ standing: OCSPStanding) {
        let old = unstapled
        unstapled = []
        for (name, material) in stapleableSecrets {
            guard let fault = standing.faults[material.chain[0]] else { continue }
            let secret = ObjectReference(kind: ObjectKind.secret.rawValue, name: name)
            let isShown = standing.responses[material.chain[0]] != nil
            let wrong = Diagnostic(
                severity: .warning, kind: .backend, object: secret, line: 0, field: "data[tls.crt]",
                reason: "no OCSP response: \(fault)",
                consequence: isShown ? "the last one is stapled while it holds" : "none is stapled")
            diagnosticTable.replace(secret, .stapling, with: [wrong])
            unstapled.insert(secret)
        }
        for secret in old.subtracting(unstapled) { diagnosticTable.replace(secret, .stapling, with: []) }
    }

    func touchLiveObjects(_ secret: ObjectName) {
        for kind in [LiveObjectKind.certificate, .authorities, .keyExchangeParameters] {
            wantedObjects.touch(LiveObjectName(kind: kind, name: secret.description))
        }
        for isMap in [false, true] {
            wantedObjects.touch(PasswordSource(secret: secret, isMap: isMap).liveName)
        }
    }

    func emitLiveObjects(into result: inout CompilationResult) {
        for name in wantedObjects.takeDirty() {
            let found = wantedObjects.isWanted(name) ? content(of: name) : nil
            guard let content = found else {
                guard supplied[name] == nil, liveObjects.removeValue(forKey: name) != nil else { continue }
                result.removedObjects.append(name)
                continue
            }
            let object = LiveObject(name: name, content: content)
            guard liveObjects.updateValue(object, forKey: name) != object else { continue }
            result.changedObjects.append(object)
        }
    }

    private func content(of name: LiveObjectName) -> [UInt8]? {
        guard name.kind == .passwords else { return certificates.content(of: name, state, at: now) }
        guard let source = PasswordSource(name) else { return nil }
        return state.secrets[source.secret].flatMap(source.content)
    }

    /// The certificates that hosts show, by host; the default one under `_`.
    package var servedCertificates: [ServedCertificate] {
        let named = tlsOfHost.sorted { $0.key < $1.key }.flatMap { host, planned in
            planned.tls.certificates.compactMap(ObjectName.init(slashed:)).map { (host, $0) }
        }
        let fallback = configuration.defaultCertificate.map { ("_", $0) }
        return (named + (fallback.map { [$0] } ?? [])).compactMap { host, secret in
            guard case .success(let checked) = certificates.certificate(secret, state), checked.fault(at: now) == nil,
                host == "_" || checked.covers(host)
            else { return nil }
            return ServedCertificate(host: host, secret: secret, certificate: checked)
        }
    }

    /// Says what is wrong with the Secret that `--default-ssl-certificate` names.
    func noteDefaultCertificate() {
        guard let name = configuration.defaultCertificate else { return }
        let secret = ObjectReference(kind: ObjectKind.secret.rawValue, name: name)
        var reason: String?
        switch certificates.certificate(name, state) {
        case .failure(let fault): reason = fault.description
        case .success(let certificate): reason = certificate.fault(at: now).map { "Secret \(name): \($0)" }
        }
        let diagnostics = reason.map {
            [
                Diagnostic(
                    severity: .warning, kind: .backend, object: secret, line: 0, field: "",
                    reason: "\($0), which --default-ssl-certificate names",
                    consequence: "a certificate that Portico made itself is used")
            ]
        }
        diagnosticTable.replace(secret, .object, with: diagnostics ?? [])
    }
}
