import ClusterState
import IngressAnnotations
import PorticoModel

/// Turns one Ingress into a plan: class, annotations, hosts, paths and backends, with what is wrong in each.
struct PlanPass {
    let dialect: AnnotationDialect
    let options: GlobalOptions
    let classes: ClassPass
    let endpoints: EndpointPass

    /// - Returns: no plan where the Ingress is not ours; the lines of the diagnostics count from its document's start.
    func plan(_ ingress: Ingress) -> (plan: IngressPlan?, diagnostics: [Diagnostic]) {
        var log = PlanLog(ingress: ObjectReference(kind: ObjectKind.ingress.rawValue, name: ingress.metadata.name))
        switch classes.decide(ingress) {
        case .foreign: return (nil, [])
        case .unserved(let field, let reason):
            log.warn(.ingressClass, field, reason, "the Ingress is not served", line: ingress.classNameLine)
            return (nil, log.diagnostics)
        case .served: break
        }
        let (policy, findings) = dialect.policy(of: ingress.metadata, options: options)
        log.diagnostics += findings
        if policy.isCanary {
            log.warn(
                .unsupported, "metadata.annotations[\(dialect.prefix)/canary]", "canaries are not supported yet",
                "the Ingress takes no requests",
                line: ingress.metadata.annotation("\(dialect.prefix)/canary")?.line ?? 0)
            return (nil, log.diagnostics)
        }
        return (plan(ingress, policy, &log), log.diagnostics)
    }

    private func plan(_ ingress: Ingress, _ policy: IngressPolicy, _ log: inout PlanLog) -> IngressPlan {
        let metadata = ingress.metadata
        var plan = IngressPlan(name: metadata.name, createdAt: metadata.createdAt ?? .max)
        plan.policy = policy.route == options.settings.defaultPolicy ? nil : policy.route
        plan.hosts = ingress.rules.isEmpty ? [""] : Set(ingress.rules.lazy.map(\.host))
        for (ruleIndex, rule) in ingress.rules.enumerated() {
            for (index, path) in rule.paths.enumerated() {
                let field = { "spec.rules[\(ruleIndex)].http.paths[\(index)].backend" }
                guard let key = backend(path.backend, metadata, policy, line: path.line, field, &log) else { continue }
                let (match, text) = PlanPass.normalise(path)
                plan.routes.append(
                    PlannedRoute(
                        host: rule.host, match: match, path: text, upstream: key, rule: ruleIndex, index: index,
                        line: path.line))
            }
        }
        if let fallback = ingress.defaultBackend {
            plan.fallbackLine = ingress.defaultBackendLine
            plan.fallback = backend(
                fallback, metadata, policy, line: plan.fallbackLine, { "spec.defaultBackend" }, &log)
        }
        return plan
    }

    /// A trailing slash of a Prefix path means nothing: elements are compared.
    static func normalise(_ path: Ingress.Path) -> (match: PathMatch, path: String) {
        switch path.type {
        case .exact: return (.exact, path.path)
        case .implementationSpecific: return (.stringPrefix, path.path.isEmpty ? "/" : path.path)
        case .prefix:
            let isTrimmed = path.path.utf8.count > 1 && path.path.utf8.last == UInt8(ascii: "/")
            return (.prefix, isTrimmed ? String(path.path.dropLast()) : path.path)
        }
    }

    /// - Returns: nil where the backend is no service, which drops its path alone.
    private func backend(
        _ backend: IngressBackend, _ metadata: ObjectMetadata, _ policy: IngressPolicy, line: Int32,
        _ field: () -> String, _ log: inout PlanLog
    ) -> UpstreamKey? {
        switch backend {
        case .resource(let kind, let name):
            log.warn(
                .unsupported, "\(field()).resource", "\(kind) \(name): only services can be backends",
                "the path is left out", line: line)
            return nil
        case .service(let name, let port):
            let key = UpstreamKey(
                service: ObjectName(namespace: metadata.name.namespace, name: name), port: port,
                usesServiceAddress: policy.usesServiceAddress)
            if let problem = endpoints.problem(of: key) {
                log.warn(.backend, "\(field()).service", problem, "requests are answered with 503", line: line)
            }
            return key
        }
    }
}

/// The diagnostics of one Ingress.
struct PlanLog {
    let ingress: ObjectReference
    var diagnostics: [Diagnostic] = []

    mutating func warn(
        _ kind: Diagnostic.Kind, _ field: String, _ reason: String, _ consequence: String, line: Int32
    ) {
        diagnostics.append(
            Diagnostic(
                severity: .warning, kind: kind, object: ingress, line: Int(line), field: field, reason: reason,
                consequence: consequence))
    }
}
