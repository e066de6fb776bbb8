import ClusterState
import IngressAnnotations
import PorticoModel
import SnippetParser

/// Resolves what an Ingress's policy names: Secrets, ConfigMaps, Services and hosts elsewhere.
///
/// What protects a route and cannot be resolved withholds the Ingress's routes, which then answer 503, as in
/// ingress-nginx.
struct PolicyPass {
    struct Result {
        var policy = PlannedPolicy()
        var freePolicy = PlannedPolicy()
        /// Within the Ingress's own, from snippets.
        var locations: [SnippetLocation] = []
        /// What snippets say of the hosts as a whole.
        var server = SnippetTranslation()
        /// Objects whose change means that the Ingress must be planned again.
        var references: Set<ObjectReference> = []
    }

    let prefix: String
    let options: GlobalOptions
    /// What routes have that carry no policy of their own.
    let standard: RoutePolicy
    let state: ClusterState
    let endpoints: EndpointPass
    let snippets: SnippetPass
    let firewallCheck: FirewallCheck

    func resolve(_ policy: IngressPolicy, of metadata: ObjectMetadata, _ log: inout PlanLog) -> Result {
        var work = PolicyWork(metadata: metadata, prefix: prefix, policy: policy, log: log)
        resolvePasswords(&work)
        resolveHeaders(&work)
        resolveFastCGI(&work)
        resolveDefaultBackend(&work)
        resolveMirror(&work)
        checkFirewall(&work)
        work.result.locations = snippets.resolve(&work)
        work.result.server = snippets.server(&work)
        let free = planned(work)
        resolveAuthentication(&work)
        work.result.policy = planned(work)
        work.result.freePolicy = work.policy.external.address == nil ? free : work.result.policy
        log = work.log
        return work.result
    }

    private func planned(_ work: PolicyWork) -> PlannedPolicy {
        let route = work.policy.route
        let isDefault = route == standard && work.targets.all.isEmpty
        return PlannedPolicy(policy: isDefault ? nil : route, targets: work.targets)
    }

    /// Rules that do not compile let nobody through.
    private func checkFirewall(_ work: inout PolicyWork) {
        guard let firewall = work.policy.features.firewall, let problem = firewallCheck.problem(of: firewall) else {
            return
        }
        work.withhold("modsecurity-snippet", "ModSecurity does not take the rules: \(problem)")
    }

    private func resolvePasswords(_ work: inout PolicyWork) {
        guard var authentication = work.policy.passwordAuthentication else { return }
        guard let reference = work.policy.references.passwords else {
            return work.withhold("auth-type", "auth-secret is missing")
        }
        guard let name = object(reference, &work, kind: .secret) else { return }
        let source = PasswordSource(secret: name, isMap: work.policy.references.passwordsAreMap)
        if let problem = source.problem(of: state.secrets[name]) {
            work.warn(.backend, reference.key, problem, "requests are answered with 503")
        }
        authentication.secret = source.liveName.name
        work.policy.features.protect { $0.password = authentication }
    }

    /// The object of a reference, if the administrator allows it.
    private func object(
        _ reference: PolicyReferences.Reference, _ work: inout PolicyWork, kind: ObjectKind
    ) -> ObjectName? {
        let own = work.metadata.name.namespace
        let name = ObjectName(namespace: reference.namespace ?? own, name: reference.name)
        guard name.namespace == own || options.security.allowsCrossNamespaceReferences else {
            work.withhold(
                reference.key,
                "\(kind.rawValue) \(name) is of another namespace, and allow-cross-namespace-resources is off")
            return nil
        }
        work.result.references.insert(ObjectReference(kind: kind.rawValue, name: name))
        return name
    }

    private func resolveHeaders(_ work: inout PolicyWork) {
        guard let reference = work.policy.references.responseHeaders,
            let name = object(reference, &work, kind: .configMap)
        else { return }
        guard let headers = headers(of: name, reference.key, &work) else { return }
        let forbidden = headers.first { !options.allowedResponseHeaders.contains($0.name.lowercased()) }
        if let forbidden {
            return work.withhold(
                reference.key, "global-allowed-response-headers does not allow the header \(forbidden.name)")
        }
        var policy = work.policy.features.headers ?? HeaderPolicy()
        policy.responseHeaders = headers
        work.policy.features.headers = policy
    }

    private func resolveFastCGI(_ work: inout PolicyWork) {
        guard let reference = work.policy.references.fastCGIParameters,
            let name = object(reference, &work, kind: .configMap),
            let parameters = headers(of: name, reference.key, &work), !parameters.isEmpty
        else { return }
        var policy = work.policy.features.fastCGI ?? FastCGIPolicy()
        policy.parameters = parameters
        work.policy.features.fastCGI = policy
    }

    /// The headers of a ConfigMap; nil where the routes are withheld because of it.
    private func headers(of name: ObjectName, _ key: String, _ work: inout PolicyWork) -> [HeaderAssignment]? {
        guard let configMap = state.configMaps[name] else {
            work.withhold(key, "there is no ConfigMap \(name)")
            return nil
        }
        let (headers, faults) = HeaderTable.headers(of: configMap)
        if let fault = faults.first {
            work.withhold(key, "ConfigMap \(name): \(fault.key) \(fault.reason)")
            return nil
        }
        return headers
    }

    private func resolveDefaultBackend(_ work: inout PolicyWork) {
        guard let service = work.policy.references.defaultBackend else { return }
        let name = ObjectName(namespace: work.metadata.name.namespace, name: service)
        work.result.references.insert(ObjectReference(kind: ObjectKind.service.rawValue, name: name))
        guard let found = state.services[name] else {
            return work.warn(.backend, "default-backend", "there is no Service \(name)", "there is no default backend")
        }
        guard let port = found.ports.first(where: \.isTCP) else {
            return work.warn(
                .backend, "default-backend", "Service \(name) has no TCP port", "there is no default backend")
        }
        work.targets.defaultBackend = UpstreamKey(service: name, port: .number(port.port), usesServiceAddress: false)
    }

    private func resolveMirror(_ work: inout PolicyWork) {
        guard let address = work.policy.mirror.address else { return }
        var mirror = MirrorPolicy()
        let (target, upstream) = resolve(address, &work)
        (mirror.target, mirror.sendsBody) = (target, work.policy.mirror.sendsBody)
        if !work.policy.mirror.host.isEmpty { mirror.target?.host = work.policy.mirror.host }
        work.targets.mirror = upstream
        work.policy.features.mirror = mirror
    }

    private func resolveAuthentication(_ work: inout PolicyWork) {
        let global = options.globalAuthentication
        if let address = work.policy.external.address {
            authenticate(work.policy.external.authentication, address, &work, isGlobal: false)
        } else if work.policy.external.usesGlobal {
            if global.isBroken { work.policy.route.isWithheld = true }
            if let address = global.choices.address {
                authenticate(global.choices.authentication, address, &work, isGlobal: true)
            }
        }
    }

    private func authenticate(
        _ authentication: ExternalAuthentication, _ address: WebAddress, _ work: inout PolicyWork, isGlobal: Bool
    ) {
        var authentication = authentication
        authentication.snippet = snippets.authentication(&work, isGlobal: isGlobal)
        let (target, upstream) = resolve(address, &work, keepsPort: false)
        authentication.target = target
        work.targets.authentication = upstream
        if let reference = work.policy.references.authenticationHeaders {
            guard let name = object(reference, &work, kind: .configMap),
                let headers = headers(of: name, reference.key, &work)
            else { return }
            authentication.setHeaders = headers
        }
        work.policy.features.protect { $0.external = authentication }
    }

    private func resolve(
        _ address: WebAddress, _ work: inout PolicyWork, keepsPort: Bool = true
    ) -> (RemoteTarget, UpstreamKey?) {
        let found = RemoteAddress(endpoints: endpoints).resolve(address, keepsPort: keepsPort)
        if let service = found.service {
            work.result.references.insert(ObjectReference(kind: ObjectKind.service.rawValue, name: service))
        }
        return (found.target, found.upstream)
    }
}

/// A policy on its way to being resolved.
struct PolicyWork {
    let metadata: ObjectMetadata
    let prefix: String
    var policy: IngressPolicy
    var targets = PolicyTargets()
    var result = PolicyPass.Result()
    var log: PlanLog

    init(metadata: ObjectMetadata, prefix: String, policy: IngressPolicy, log: PlanLog) {
        (self.metadata, self.prefix, self.policy, self.log) = (metadata, prefix, policy, log)
    }

    mutating func warn(_ kind: Diagnostic.Kind, _ key: String, _ reason: String, _ consequence: String) {
        let name = "\(prefix)/\(key)"
        log.warn(
            kind, "metadata.annotations[\(name)]", reason, consequence, line: metadata.annotation(name)?.line ?? 0)
    }

    mutating func withhold(_ key: String, _ reason: String) {
        policy.route.isWithheld = true
        warn(.annotation, key, reason, "requests are answered with 503")
    }
}

extension RouteFeatures {
    mutating func protect(_ change: (inout AccessPolicy) -> Void) {
        var policy = access ?? AccessPolicy()
        change(&policy)
        access = policy
    }
}
