import PorticoModel

/// Turns a merged host into its section.
enum HostEmission {
    /// Policies are listed once each, in the order in which the routes come to them, so equal hosts are equal bytes.
    static func section(_ host: String, _ routes: [MergedRoute], upstreamName: (UpstreamKey) -> String) -> VirtualHost {
        var policies: [RoutePolicy] = []
        let emitted = routes.map { route in
            Route(
                match: route.match, path: route.path, ingress: route.ingress, upstream: upstreamName(route.upstream),
                policy: route.policy.map { index(of: $0, in: &policies) })
        }
        return VirtualHost(host: host, routes: emitted, policies: policies)
    }

    private static func index(of policy: RoutePolicy, in policies: inout [RoutePolicy]) -> Int {
        if let found = policies.firstIndex(of: policy) { return found }
        policies.append(policy)
        return policies.count - 1
    }
}
