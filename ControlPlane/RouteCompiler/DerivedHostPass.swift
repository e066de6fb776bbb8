import ClusterState
import PorticoModel

/// Hosts that no rule names: aliases of others (`server-alias`), and the ones with or without `www.` that lead to them
/// (`from-to-www-redirect`). A rule that names such a host goes before both.
enum DerivedHostPass {
    /// `www.example.com` of `example.com` and the other way round; nil for hosts that have none.
    static func counterpart(of host: String) -> String? {
        guard !host.isEmpty, !host.hasPrefix("*.") else { return nil }
        return host.hasPrefix("www.") ? String(host.dropFirst(4)) : "www.\(host)"
    }

    /// - Parameters:
    ///   - plans: those whose `derivedHosts` have the host, in any order.
    ///   - routes: of a host that rules name.
    static func merge(
        _ host: String, _ plans: [IngressPlan], redirectStatus: UInt32, routes: (String) -> [MergedRoute]?
    ) -> HostPass.Merged {
        let plans = plans.sorted { $0.precedes($1) }
        var merged = HostPass.Merged()
        if let owner = plans.first(where: { $0.aliases.contains(host) }), let primary = owner.hosts.min() {
            merged.routes = routes(primary) ?? []
            for other in plans where other.aliases.contains(host) && other.hosts.min() != primary {
                merged.conflicts.append(taken(host, by: "Ingress \(owner.name)", other.name))
            }
            return merged
        }
        guard let owner = plans.first, let target = counterpart(of: host) else { return merged }
        var redirect = RedirectPolicy()
        (redirect.status, redirect.location) = (redirectStatus, "$scheme://\(target)$request_uri")
        var policy = RoutePolicy()
        policy.features.redirect = redirect
        merged.routes = [
            MergedRoute(match: .prefix, path: "/", ingress: owner.name, policy: PlannedPolicy(policy: policy))
        ]
        return merged
    }

    /// What to say of aliases that rules name too.
    static func conflicts(_ host: String, _ plans: [IngressPlan]) -> [Diagnostic] {
        plans.filter { $0.aliases.contains(host) }.map { taken(host, by: "another rule", $0.name) }
    }

    private static func taken(_ host: String, by owner: String, _ loser: ObjectName) -> Diagnostic {
        Diagnostic(
            severity: .warning, kind: .conflict,
            object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: loser),
            line: 0, field: "metadata.annotations", reason: "server-alias \(host) belongs to \(owner)",
            consequence: "the alias is left out")
    }
}
