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
            liveObjects[object.name] = object
            result.changedObjects.append(object)
        }
        return result
    }

    /// Tells the time. A certificate that has become valid or has expired since is used, or no longer used.
    package func advance(to seconds: Int64) -> CompilationResult {
        let changed = certificates.changed(from: now, to: seconds)
        now = seconds
        guard !changed.isEmpty else { return CompilationResult() }
        for name in changed { touchTLS(name) }
        return refresh(changed.map { ObjectReference(kind: ObjectKind.secret.rawValue, name: $0) })
    }

    func touchTLS(_ secret: ObjectName) {
        for kind in [LiveObjectKind.certificate, .authorities, .keyExchangeParameters] {
            tlsObjects.touch(LiveObjectName(kind: kind, name: secret.description))
        }
    }

    func emitTLSObjects(into result: inout CompilationResult) {
        for name in tlsObjects.takeDirty() {
            let found = tlsObjects.isWanted(name) ? certificates.content(of: name, state, at: now) : nil
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
