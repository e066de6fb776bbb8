import PorticoModel

/// One path of one Ingress, ready to be merged into its host.
struct PlannedRoute: Hashable, Sendable {
    var host: String
    var match: PathMatch
    var path: String
    var upstream: UpstreamKey
    var rule: Int
    var index: Int
    /// Lines after the first line of the Ingress's document.
    var line: Int32

    var field: String { "spec.rules[\(rule)].http.paths[\(index)]" }
}

/// What one Ingress asks for, before it meets the others that share its hosts.
struct IngressPlan: Hashable, Sendable {
    var name: ObjectName
    /// Seconds since 1970; the latest time where there is none.
    var createdAt: Int64
    var hosts: Set<String> = []
    var routes: [PlannedRoute] = []
    /// `spec.defaultBackend`: takes what the routes of its hosts leave.
    var fallback: UpstreamKey?
    var fallbackLine: Int32 = 0
    /// Nil where it is the default policy.
    var policy: RoutePolicy?

    /// Whether this one wins a conflict.
    func precedes(_ other: IngressPlan) -> Bool {
        createdAt != other.createdAt ? createdAt < other.createdAt : name < other.name
    }
}
