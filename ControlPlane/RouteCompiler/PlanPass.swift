import ClusterState
import IngressAnnotations
import PorticoModel
import SnippetParser

/// Turns one Ingress into a plan: class, annotations, hosts, paths and backends, with what is wrong in each.
struct PlanPass {
    struct Outcome {
        /// Nil where the Ingress is not ours.
        var plan: IngressPlan?
        /// Lines count from the start of the Ingress's document.
        var diagnostics: [Diagnostic]
        /// Objects besides backends whose change means that the Ingress must be planned again.
        var references: Set<ObjectReference> = []

        static let nothing = Outcome(plan: nil, diagnostics: [])
    }

    private let dialect: AnnotationDialect
    private let settings: GroupSettings
    private let classes: ClassPass
    private let endpoints: EndpointPass
    private let tls: TLSPass
    private let firewallCheck: FirewallCheck
    // Those of the class of the Ingress at hand.
    private var options: GlobalOptions
    private var snippets: SnippetPass

    init(
        dialect: AnnotationDialect, settings: GroupSettings, classes: ClassPass, endpoints: EndpointPass, tls: TLSPass,
        firewallCheck: FirewallCheck
    ) {
        self.dialect = dialect
        self.settings = settings
        self.classes = classes
        self.endpoints = endpoints
        self.tls = tls
        self.firewallCheck = firewallCheck
        options = settings.options
        snippets = SnippetPass(global: settings.snippets)
    }

    func plan(_ ingress: Ingress) -> Outcome {
        var log = PlanLog(ingress: ObjectReference(kind: ObjectKind.ingress.rawValue, name: ingress.metadata.name))
        switch classes.decide(ingress) {
        case .foreign: return .nothing
        case .unserved(let field, let reason):
            log.warn(.ingressClass, field, reason, "the Ingress is not served", line: ingress.classNameLine)
            return Outcome(plan: nil, diagnostics: log.diagnostics)
        case .refused(let field, let reason):
            log.warn(.invalid, field, reason, "the Ingress is not served", line: ingress.classNameLine)
            return Outcome(plan: nil, diagnostics: log.diagnostics)
        case .served: break
        }
        guard let own = settings.settings(of: classes.ingressClass(of: ingress)) else {
            return planServed(ingress, &log)
        }
        var pass = self
        (pass.options, pass.snippets) = (own.options, SnippetPass(global: own.snippets))
        return pass.planServed(ingress, &log)
    }

    /// What routes have that carry no policy of their own.
    private var standard: RoutePolicy { settings.options.settings.defaultPolicy }

    private func planServed(_ ingress: Ingress, _ log: inout PlanLog) -> Outcome {
        var (policy, findings) = dialect.policy(of: ingress.metadata, options: options)
        log.diagnostics += findings
        guard policy.rejection == nil else { return Outcome(plan: nil, diagnostics: log.diagnostics) }
        var references: Set<ObjectReference> = []
        let upstreamTLS = policy.tls.upstream.map { tls.upstreamTLS($0, ingress.metadata, &references, &log) }
        if let upstreamTLS, policy.route.backendProtocol.usesTLS(clientUsesTLS: true) {
            if case .usable(let settings) = upstreamTLS {
                policy.features.upstreamTLS = settings
            } else {
                policy.route.isWithheld = true
            }
        }
        let pass = PolicyPass(
            prefix: dialect.prefix, options: options, standard: standard, state: endpoints.state,
            endpoints: endpoints, snippets: snippets, firewallCheck: firewallCheck)
        let resolved = policy.isCanary ? PolicyPass.Result() : pass.resolve(policy, of: ingress.metadata, &log)
        var plan = plan(ingress, policy, resolved, &log)
        let planned = tls.plan(ingress, policy.tls, &log)
        plan.tls = planned.tls
        if case .usable(let settings) = upstreamTLS { plan.upstreamTLS = settings }
        references.formUnion(planned.references)
        return Outcome(
            plan: plan, diagnostics: log.diagnostics, references: references.union(resolved.references))
    }

    func isServed(_ ingress: Ingress) -> Bool { classes.decide(ingress) == .served }

    private func plan(
        _ ingress: Ingress, _ policy: IngressPolicy, _ resolved: PolicyPass.Result, _ log: inout PlanLog
    ) -> IngressPlan {
        let metadata = ingress.metadata
        var plan = IngressPlan(name: metadata.name, createdAt: metadata.createdAt ?? .max)
        plan.policies = [resolved.policy]
        if policy.isCanary {
            plan.canary = policy.canary
            plan.canary?.ingress = metadata.name
            plan.canary?.ignoresAffinity = policy.ignoresCanaryAffinity
        } else {
            plan.usesRegex = policy.usesRegex
            plan.locations = resolved.locations
            plan.server = resolved.server == SnippetTranslation() ? nil : resolved.server
            plan.hasOwnServer = !policy.snippets.server.isEmpty
            (plan.aliases, plan.redirectsBetweenWWW) = (policy.aliases, policy.redirectsBetweenWWW)
        }
        plan.hosts = ingress.rules.isEmpty ? [""] : Set(ingress.rules.lazy.map(\.host))
        for (ruleIndex, rule) in ingress.rules.enumerated() {
            for (index, path) in rule.paths.enumerated() {
                let field = { "spec.rules[\(ruleIndex)].http.paths[\(index)]" }
                guard
                    let key = backend(
                        path.backend, metadata, policy, line: path.line, { "\(field()).backend" }, &log)
                else { continue }
                var route = route(rule.host, path, key, rule: ruleIndex, index: index)
                if !policy.isCanary { route.policy = choosePolicy(route, policy, resolved, &plan) }
                plan.routes.append(route)
                checkType(path, plan, field, &log)
            }
        }
        if let fallback = ingress.defaultBackend {
            plan.fallbackLine = ingress.defaultBackendLine
            plan.fallback = backend(
                fallback, metadata, policy, line: plan.fallbackLine, { "spec.defaultBackend" }, &log)
        }
        return plan
    }

    private func route(
        _ host: String, _ path: Ingress.Path, _ key: UpstreamKey, rule: Int, index: Int
    ) -> PlannedRoute {
        let (match, text) = PlanPass.normalise(path)
        let written = path.path.isEmpty ? "/" : path.path
        return PlannedRoute(
            host: host, match: match, path: text, writtenPath: written, upstream: key, rule: rule, index: index,
            line: path.line)
    }

    /// Routes of one Ingress differ where global authentication leaves a path out, and where the path is what
    /// rewrite-target says, so that there is nothing to rewrite.
    ///
    /// - Returns: an index into the plan's policies.
    private func choosePolicy(
        _ route: PlannedRoute, _ policy: IngressPolicy, _ resolved: PolicyPass.Result, _ plan: inout IngressPlan
    ) -> Int {
        let isFree = options.globalAuthentication.freeLocations.contains { route.writtenPath.hasPrefix($0) }
        var chosen = isFree ? resolved.freePolicy : resolved.policy
        if let target = policy.features.rewrite?.target, !target.isEmpty {
            if target != route.writtenPath || route.match == .prefix && target != "/" {
                plan.usesRegex = true
            } else {
                chosen.withoutRewriting(standard)
            }
        }
        if let index = plan.policies.firstIndex(of: chosen) { return index }
        plan.policies.append(chosen)
        return plan.policies.count - 1
    }

    /// ingress-nginx's webhook refuses what may be a regular expression under other path types.
    private func checkType(_ path: Ingress.Path, _ plan: IngressPlan, _ field: () -> String, _ log: inout PlanLog) {
        guard plan.usesRegex, options.security.checksPathTypes, path.type != .implementationSpecific,
            path.path.utf8.contains(where: { "^$[](){}*+?|\\".utf8.contains($0) })
        else { return }
        log.warn(
            .invalid, "\(field()).pathType", "a regular expression belongs under pathType ImplementationSpecific",
            "it is served as a regular expression", line: path.line)
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

extension PlannedPolicy {
    fileprivate mutating func withoutRewriting(_ standard: RoutePolicy) {
        guard var changed = policy, var rewrite = changed.features.rewrite else { return }
        (rewrite.target, rewrite.forwardedPrefix) = ("", "")
        changed.features.rewrite = rewrite == RewritePolicy() ? nil : rewrite
        policy = changed == standard && targets.all.isEmpty ? nil : changed
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
