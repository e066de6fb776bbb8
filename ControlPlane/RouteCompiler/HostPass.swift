import ClusterState
import IngressAnnotations
import PorticoModel
import SnippetParser

/// One route of a host after the Ingresses that share it have been merged.
struct MergedRoute: Hashable, Sendable {
    var match: PathMatch
    var path: String
    var ingress: ObjectName
    /// Nil where the policy answers every request itself.
    var upstream: UpstreamKey?
    var policy = PlannedPolicy()
    var alternatives: [MergedAlternative] = []

    var upstreams: [UpstreamKey] {
        (upstream.map { [$0] } ?? []) + policy.targets.all + alternatives.map(\.upstream)
    }
}

/// A canary of a route.
struct MergedAlternative: Hashable, Sendable {
    /// Without the upstream's name.
    var rule: RouteAlternative
    var upstream: UpstreamKey
}

/// Merges the plans of the Ingresses that share a host.
enum HostPass {
    private struct RouteKey: Hashable {
        var match: PathMatch
        var path: String
    }

    struct Merged {
        /// In order of (match, path).
        var routes: [MergedRoute] = []
        /// About the Ingresses that lost a path. Lines count from the start of their documents.
        var conflicts: [Diagnostic] = []
    }

    /// - Parameters:
    ///   - plans: of every Ingress that mentions the host, in any order.
    ///   - standard: what routes without a policy of their own have.
    ///   - sharesUpstreamTLS: as in `GlobalOptions`.
    static func merge(
        _ host: String, _ plans: [IngressPlan], standard: RoutePolicy, sharesUpstreamTLS: Bool = false
    ) -> Merged {
        let plans = plans.count > 1 ? plans.sorted { $0.precedes($1) } : plans
        var merged = Merged()
        var owners: [RouteKey: Int] = [:]
        let isRegex = plans.contains { $0.usesRegex }
        for plan in plans where plan.canary == nil {
            for route in plan.routes where route.host == host {
                add(route, of: plan, isRegex: isRegex, host, &owners, to: &merged)
            }
        }
        let fallback = addFallback(plans.filter { $0.canary == nil }, isRegex: isRegex, into: &merged)
        for plan in plans {
            if let rule = plan.canary { addCanary(plan, rule, host, owners, fallback: fallback, to: &merged) }
        }
        if isRegex { turnIntoRegexes(host, &merged) }
        addSnippets(plans.filter { $0.canary == nil }, standard: standard, to: &merged)
        if sharesUpstreamTLS, let settings = plans.lazy.compactMap(\.upstreamTLS).first {
            share(settings, standard: standard, in: &merged)
        }
        // A route with canaries carries its features itself.
        for index in merged.routes.indices where !merged.routes[index].alternatives.isEmpty && standard.hasFeatures {
            merged.routes[index].policy.policy = merged.routes[index].policy.policy ?? standard
        }
        merged.routes.sort { $0.match != $1.match ? $0.match < $1.match : $0.path < $1.path }
        return merged
    }

    private static func add(
        _ route: PlannedRoute, of plan: IngressPlan, isRegex: Bool, _ host: String, _ owners: inout [RouteKey: Int],
        to merged: inout Merged
    ) {
        let key = key(of: route, isRegex: isRegex)
        if let owner = owners[key] {
            merged.conflicts.append(
                conflict(host, route, loser: plan.name, winner: merged.routes[owner].ingress))
            return
        }
        owners[key] = merged.routes.count
        merged.routes.append(
            MergedRoute(
                match: route.match, path: key.path, ingress: plan.name, upstream: route.upstream,
                policy: plan.policies[route.policy]))
    }

    private static func key(of route: PlannedRoute, isRegex: Bool) -> RouteKey {
        RouteKey(match: route.match, path: isRegex ? route.writtenPath : route.path)
    }

    /// The oldest default backend takes what no path of the host takes, unless a path does that already.
    ///
    /// - Returns: the route's index, where there is one.
    private static func addFallback(_ plans: [IngressPlan], isRegex: Bool, into merged: inout Merged) -> Int? {
        guard !merged.routes.contains(where: { $0.path == "/" && $0.match != .exact }),
            let plan = plans.first(where: { $0.fallback != nil }), let upstream = plan.fallback
        else { return nil }
        merged.routes.append(
            MergedRoute(match: .prefix, path: "/", ingress: plan.name, upstream: upstream, policy: plan.policies[0]))
        for other in plans where other.fallback != nil && other.fallback != upstream {
            merged.conflicts.append(
                Diagnostic(
                    severity: .warning, kind: .conflict,
                    object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: other.name),
                    line: Int(other.fallbackLine),
                    field: "spec.defaultBackend",
                    reason: "Ingress \(plan.name), which goes first, has another default backend for the same host",
                    consequence: "that one is used"))
        }
        return merged.routes.count - 1
    }

    /// A canary joins the routes with the same host, path and path type.
    private static func addCanary(
        _ plan: IngressPlan, _ rule: RouteAlternative, _ host: String, _ owners: [RouteKey: Int], fallback: Int?,
        to merged: inout Merged
    ) {
        for route in plan.routes where route.host == host {
            let places = [false, true].compactMap { owners[key(of: route, isRegex: $0)] }
            guard let place = places.first else {
                merged.conflicts.append(orphan(host, route, plan.name))
                continue
            }
            guard merged.routes[place].upstream != route.upstream else { continue }
            merged.routes[place].alternatives.append(MergedAlternative(rule: rule, upstream: route.upstream))
        }
        if let upstream = plan.fallback, let fallback, merged.routes[fallback].upstream != upstream {
            merged.routes[fallback].alternatives.append(MergedAlternative(rule: rule, upstream: upstream))
        }
    }

    /// As nginx with ingress-nginx's template: once one path of a host is a regular expression, all are. Where one text
    /// stands there under several path types, the first of them counts.
    private static func turnIntoRegexes(_ host: String, _ merged: inout Merged) {
        var seen: Set<String> = []
        let sorted = merged.routes.sorted { $0.match < $1.match }
        merged.routes = []
        for var route in sorted where seen.insert(route.path).inserted {
            do throws(ValueFault) {
                try ValueParser.checkPattern("^\(route.path)")
                route.match = .regex
                merged.routes.append(route)
            } catch {
                merged.conflicts.append(
                    Diagnostic(
                        severity: .warning, kind: .invalid,
                        object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: route.ingress), line: 0,
                        field: "spec.rules", reason: error.reason, consequence: "the path is left out"))
            }
        }
    }

    /// Locations within snippets, and what snippets say of the whole host.
    private static func addSnippets(_ plans: [IngressPlan], standard: RoutePolicy, to merged: inout Merged) {
        for plan in plans {
            let base = plan.policies[0]
            add(
                plan.locations, of: plan, PlannedPolicy(policy: base.policy ?? standard, targets: base.targets),
                to: &merged)
        }
        guard let plan = plans.first(where: \.hasOwnServer) ?? plans.first(where: { $0.server != nil }),
            let server = plan.server
        else { return }
        for index in merged.routes.indices {
            var policy = merged.routes[index].policy.policy ?? standard
            policy.take(server: server)
            if policy != standard { merged.routes[index].policy.policy = policy }
        }
        let inner = merged.routes.count
        add(server.locations, of: plan, PlannedPolicy(policy: standard), to: &merged)
        // nginx runs a server's own directives before it looks for a location.
        for index in inner..<merged.routes.count { merged.routes[index].policy.policy?.take(server: server) }
    }

    private static func add(
        _ locations: [SnippetLocation], of plan: IngressPlan, _ base: PlannedPolicy, to merged: inout Merged
    ) {
        for location in locations {
            if merged.routes.contains(where: { $0.match == location.match && $0.path == location.path }) {
                merged.conflicts.append(
                    Diagnostic(
                        severity: .warning, kind: .conflict,
                        object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: plan.name), line: 0,
                        field: "metadata.annotations",
                        reason: "the snippet's location \(location.path) is there already",
                        consequence: "it is left out"))
                continue
            }
            var policy = base
            policy.policy = base.policy?.nested(location.translation)
            merged.routes.append(
                MergedRoute(match: location.match, path: location.path, ingress: plan.name, policy: policy))
        }
    }

    /// Gives routes that speak TLS to their endpoints and do not say how what another Ingress of the host says.
    private static func share(_ settings: UpstreamTLS, standard: RoutePolicy, in merged: inout Merged) {
        for index in merged.routes.indices {
            var policy = merged.routes[index].policy.policy ?? standard
            guard policy.backendProtocol.usesTLS(clientUsesTLS: true), policy.features.upstreamTLS == nil else {
                continue
            }
            policy.features.upstreamTLS = settings
            merged.routes[index].policy.policy = policy
        }
    }

    private static func conflict(
        _ host: String, _ route: PlannedRoute, loser: ObjectName, winner: ObjectName
    ) -> Diagnostic {
        let place = "\(route.path) of \(host.isEmpty ? "all hosts" : host)"
        let reason =
            loser == winner
            ? "\(place) stands earlier in this Ingress" : "\(place) belongs to Ingress \(winner), which goes first"
        return Diagnostic(
            severity: .warning, kind: .conflict,
            object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: loser), line: Int(route.line),
            field: route.field, reason: reason, consequence: "the path is left out")
    }

    private static func orphan(_ host: String, _ route: PlannedRoute, _ canary: ObjectName) -> Diagnostic {
        Diagnostic(
            severity: .warning, kind: .backend,
            object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: canary), line: Int(route.line),
            field: route.field,
            reason: "no other Ingress has \(route.path) of \(host.isEmpty ? "all hosts" : host) with the same pathType",
            consequence: "the canary takes no requests there")
    }
}
