import PorticoModel

/// Turns a merged host into its section.
enum HostEmission {
    /// Policies are listed once each, in the order in which the routes come to them, so equal hosts are equal bytes.
    static func section(_ host: String, _ routes: [MergedRoute], upstreamName: (UpstreamKey) -> String) -> VirtualHost {
        var policies: [RoutePolicy] = []
        let emitted = routes.map { route in
            let policy = policy(route.policy, upstreamName).map { index(of: $0, in: &policies) }
            var result = Route(
                match: route.match, path: route.path, ingress: route.ingress,
                upstream: route.upstream.map(upstreamName) ?? "", policy: policy)
            result.alternatives = route.alternatives.map { alternative in
                var rule = alternative.rule
                rule.upstream = upstreamName(alternative.upstream)
                return rule
            }
            return result
        }
        return VirtualHost(host: host, routes: emitted, policies: policies)
    }

    /// The policy with the names of its upstreams.
    private static func policy(_ planned: PlannedPolicy, _ name: (UpstreamKey) -> String) -> RoutePolicy? {
        let targets = planned.targets
        guard var policy = planned.policy, !targets.all.isEmpty else { return planned.policy }
        var features = policy.features
        if let key = targets.defaultBackend {
            var pages = features.errorPages ?? ErrorPagePolicy()
            pages.fallbackUpstream = name(key)
            pages.upstream = name(key)
            features.errorPages = pages
        }
        if let key = targets.authentication { features.access?.external?.target?.upstream = name(key) }
        if let key = targets.mirror { features.mirror?.target?.upstream = name(key) }
        policy.features = features
        return policy
    }

    private static func index(of policy: RoutePolicy, in policies: inout [RoutePolicy]) -> Int {
        if let found = policies.firstIndex(of: policy) { return found }
        policies.append(policy)
        return policies.count - 1
    }
}
