import Certificates
import ClusterState
import IngressAnnotations
import PorticoModel

/// What one Ingress says about TLS.
struct PlannedTLS: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var hosts: Set<String>
        /// `namespace/name`; empty for the default certificate.
        var secret: String
    }

    var entries: [Entry] = []
    var ciphers = ""
    var followsClientCiphers = false
    var clients: ClientCertificatePolicy?
    var passesThrough = false
}

/// What came of an Ingress's `proxy-ssl-*`.
enum UpstreamTLSOutcome: Hashable, Sendable {
    case usable(UpstreamTLS)
    /// The Secret is not there or of no use: endpoints are not spoken to without it.
    case unusable
}

/// Reads `spec.tls` and the annotations that bear on it, and says what is wrong with the Secrets.
///
/// The configuration only names Secrets. Which of them hold a usable certificate is live state, and the workers take one
/// only for a host that it names.
struct TLSPass {
    let prefix: String
    let state: ClusterState
    let table: CertificateTable
    let allowsOtherNamespaces: Bool
    let allowsPassthrough: Bool
    /// Seconds since 1970.
    let now: Int64

    func plan(
        _ ingress: Ingress, _ policy: IngressTLSPolicy, _ log: inout PlanLog
    ) -> (tls: PlannedTLS?, references: Set<ObjectReference>) {
        var planned = PlannedTLS()
        var references: Set<ObjectReference> = []
        for (index, entry) in ingress.tls.enumerated() {
            let secret = entry.secretName.map { ObjectName(namespace: ingress.metadata.name.namespace, name: $0) }
            planned.entries.append(
                PlannedTLS.Entry(hosts: Set(entry.hosts.map { $0.lowercased() }), secret: secret?.description ?? ""))
            guard let secret else { continue }
            references.insert(ObjectReference(kind: ObjectKind.secret.rawValue, name: secret))
            check(secret, of: entry, ingress, field: "spec.tls[\(index)]", &log)
        }
        planned.ciphers = policy.ciphers
        planned.followsClientCiphers = policy.followsClientCiphers
        if let choice = policy.clients {
            planned.clients = clients(choice, ingress.metadata, &references, &log)
        }
        planned.passesThrough = policy.passesThrough && allowsPassthrough
        if policy.passesThrough, !allowsPassthrough {
            warn(
                "ssl-passthrough", "the controller runs without --enable-ssl-passthrough", "TLS ends here",
                ingress.metadata, &log)
        } else if policy.passesThrough, !ingress.rules.contains(where: { $0.paths.contains { $0.path == "/" } }) {
            warn(
                "ssl-passthrough", "it is the service of the path / that gets the connections, and there is none",
                "TLS ends here", ingress.metadata, &log)
        }
        return (planned == PlannedTLS() ? nil : planned, references)
    }

    private func check(
        _ secret: ObjectName, of entry: Ingress.TLS, _ ingress: Ingress, field: String,
        _ log: inout PlanLog
    ) {
        let consequence = "the default certificate is used"
        switch table.certificate(secret, state) {
        case .failure(let fault): log.warn(.backend, "\(field).secretName", fault.description, consequence, line: 0)
        case .success(let certificate):
            if let fault = certificate.fault(at: now) {
                return log.warn(
                    .backend, "\(field).secretName", "Secret \(secret): \(fault)", consequence, line: 0)
            }
            for host in entry.hosts where !certificate.covers(host.lowercased()) {
                log.warn(
                    .backend, "\(field).hosts", "the certificate in Secret \(secret) does not name \(host)",
                    "\(consequence) for it", line: 0)
            }
        }
    }

    // MARK: Clients

    private func clients(
        _ choice: ClientCertificateChoice, _ metadata: ObjectMetadata, _ references: inout Set<ObjectReference>,
        _ log: inout PlanLog
    ) -> ClientCertificatePolicy {
        var policy = choice.policy
        guard policy.verification != .off else { return policy }
        guard let secret = resolve(choice.secret, "auth-tls-secret", metadata, "every request is refused", &log) else {
            policy.authorities = ""
            return policy
        }
        policy.authorities = secret.description
        references.insert(ObjectReference(kind: ObjectKind.secret.rawValue, name: secret))
        if case .failure(let fault) = table.authorities(secret, state) {
            warn("auth-tls-secret", fault.description, "every request is refused", metadata, &log)
        }
        return policy
    }

    /// - Returns: the Secret of an annotation; nil where it may not be used from here.
    func resolve(
        _ text: String, _ key: String, _ metadata: ObjectMetadata, _ consequence: String, _ log: inout PlanLog
    ) -> ObjectName? {
        let namespace = metadata.name.namespace
        guard let secret = ObjectName(slashed: text.contains("/") ? text : "\(namespace)/\(text)") else {
            warn(key, "must be namespace/name, not '\(text)'", consequence, metadata, &log)
            return nil
        }
        guard secret.namespace == namespace || allowsOtherNamespaces else {
            warn(
                key, "Secret \(secret) is in another namespace, which allow-cross-namespace-resources does not allow",
                consequence, metadata, &log)
            return nil
        }
        return secret
    }

    /// What is spoken to the endpoints of an Ingress.
    func upstreamTLS(
        _ choice: UpstreamTLSChoice, _ metadata: ObjectMetadata, _ references: inout Set<ObjectReference>,
        _ log: inout PlanLog
    ) -> UpstreamTLSOutcome {
        var tls = choice.settings
        guard let text = choice.secret else {
            if tls.verifies {
                warn(
                    "proxy-ssl-verify", "there is no proxy-ssl-secret with authorities to verify with",
                    "no endpoint is believed: 502", metadata, &log)
            }
            return .usable(tls)
        }
        let consequence = "requests are answered with 503"
        guard let secret = resolve(text, "proxy-ssl-secret", metadata, consequence, &log) else { return .unusable }
        tls.secret = secret.description
        references.insert(ObjectReference(kind: ObjectKind.secret.rawValue, name: secret))
        let data = state.secrets[secret]?.data ?? [:]
        if data["tls.crt"] != nil || data["ca.crt"] == nil {
            switch table.certificate(secret, state) {
            case .failure(let fault):
                warn("proxy-ssl-secret", fault.description, consequence, metadata, &log)
                return .unusable
            case .success(let certificate):
                if let fault = certificate.fault(at: now) {
                    warn(
                        "proxy-ssl-secret", "Secret \(secret): \(fault)", "endpoints see no certificate", metadata, &log
                    )
                }
            }
        }
        guard data["ca.crt"] != nil || tls.verifies, case .failure(let fault) = table.authorities(secret, state) else {
            return .usable(tls)
        }
        warn("proxy-ssl-secret", fault.description, consequence, metadata, &log)
        return .unusable
    }

    private func warn(
        _ key: String, _ reason: String, _ consequence: String, _ metadata: ObjectMetadata, _ log: inout PlanLog
    ) {
        let annotation = "\(prefix)/\(key)"
        log.warn(
            .backend, "metadata.annotations[\(annotation)]", reason, consequence,
            line: metadata.annotation(annotation)?.line ?? 0)
    }

    // MARK: Hosts

    /// What the Ingresses of a host say together, in their order of precedence; the upstream of a tunnel comes later.
    static func merge(_ host: String, _ plans: [PlannedTLS]) -> VirtualHostTLS? {
        guard !plans.isEmpty else { return nil }
        var tls = VirtualHostTLS()
        tls.isServed = plans.contains { !$0.entries.isEmpty }
        for plan in plans {
            let listed = plan.entries.filter { $0.hosts.contains(host) }
            // A host that no entry lists may still be named by one of the certificates, as in ingress-nginx.
            for entry in listed.isEmpty ? plan.entries : listed
            where !entry.secret.isEmpty && !tls.certificates.contains(entry.secret) {
                tls.certificates.append(entry.secret)
            }
        }
        tls.ciphers = plans.first { !$0.ciphers.isEmpty }?.ciphers ?? ""
        tls.followsClientCiphers = plans.contains { $0.followsClientCiphers }
        tls.clientCertificates = plans.lazy.compactMap(\.clients).first
        return tls
    }
}
