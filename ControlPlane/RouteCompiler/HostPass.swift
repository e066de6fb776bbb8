import ClusterState
import PorticoModel

/// One route of a host after the Ingresses that share it have been merged.
struct MergedRoute: Hashable, Sendable {
    var match: PathMatch
    var path: String
    var ingress: ObjectName
    var upstream: UpstreamKey
    var policy: RoutePolicy?
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

    /// - Parameter plans: of every Ingress that mentions the host, in any order.
    static func merge(_ host: String, _ plans: [IngressPlan]) -> Merged {
        var merged = Merged()
        var owners: [RouteKey: ObjectName] = [:]
        let plans = plans.count > 1 ? plans.sorted { $0.precedes($1) } : plans
        for plan in plans {
            for route in plan.routes where route.host == host {
                let key = RouteKey(match: route.match, path: route.path)
                if let owner = owners[key] {
                    merged.conflicts.append(conflict(host, route, loser: plan.name, winner: owner))
                    continue
                }
                owners[key] = plan.name
                merged.routes.append(
                    MergedRoute(
                        match: route.match, path: route.path, ingress: plan.name, upstream: route.upstream,
                        policy: plan.policy))
            }
        }
        addFallback(plans, into: &merged)
        merged.routes.sort { $0.match != $1.match ? $0.match < $1.match : $0.path < $1.path }
        return merged
    }

    /// The oldest default backend takes what no path of the host takes, unless a path does that already.
    private static func addFallback(_ plans: [IngressPlan], into merged: inout Merged) {
        guard !merged.routes.contains(where: { $0.path == "/" && $0.match != .exact }),
            let plan = plans.first(where: { $0.fallback != nil }), let upstream = plan.fallback
        else { return }
        merged.routes.append(
            MergedRoute(match: .prefix, path: "/", ingress: plan.name, upstream: upstream, policy: plan.policy))
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
            object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: loser),
            line: Int(route.line), field: route.field, reason: reason, consequence: "the path is left out")
    }
}
