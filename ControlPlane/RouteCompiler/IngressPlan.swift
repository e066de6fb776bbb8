import IngressAnnotations
import PorticoModel
import SnippetParser

/// One path of one Ingress, ready to be merged into its host.
struct PlannedRoute: Hashable, Sendable {
    var host: String
    var match: PathMatch
    var path: String
    /// As the Ingress wrote it: what counts where paths are regular expressions.
    var writtenPath: String
    var upstream: UpstreamKey
    /// An index into the plan's policies.
    var policy = 0
    var rule: Int
    var index: Int
    /// Lines after the first line of the Ingress's document.
    var line: Int32

    var field: String { "spec.rules[\(rule)].http.paths[\(index)]" }
}

/// The upstreams that a policy names, which get their names when everything is merged.
struct PolicyTargets: Hashable, Sendable {
    /// Error pages, and requests while the route's own upstream is empty.
    var defaultBackend: UpstreamKey?
    var authentication: UpstreamKey?
    var mirror: UpstreamKey?

    var all: [UpstreamKey] { [defaultBackend, authentication, mirror].compactMap { $0 } }
}

/// A policy and what it needs.
struct PlannedPolicy: Hashable, Sendable {
    /// Nil where it is the default policy.
    var policy: RoutePolicy?
    var targets = PolicyTargets()
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
    /// The first is that of the fallback.
    var policies: [PlannedPolicy] = [PlannedPolicy()]
    /// The Ingress takes a share of another one's requests.
    var canary: RouteAlternative?
    /// Its hosts' paths are regular expressions.
    var usesRegex = false
    /// More names of its hosts.
    var aliases: [String] = []
    var redirectsBetweenWWW = false
    /// Locations within its own, from snippets.
    var locations: [SnippetLocation] = []
    /// What snippets say of its hosts as a whole; of several Ingresses the first with a snippet of its own counts.
    var server: SnippetTranslation?
    var hasOwnServer = false
    /// Nil where it says nothing about TLS.
    var tls: PlannedTLS?
    /// What the Ingress itself says of TLS with endpoints.
    var upstreamTLS: UpstreamTLS?

    /// Whether this one wins a conflict.
    func precedes(_ other: IngressPlan) -> Bool {
        createdAt != other.createdAt ? createdAt < other.createdAt : name < other.name
    }

    /// Hosts that exist because of this plan without being in its rules.
    var derivedHosts: Set<String> {
        var found = Set(aliases)
        if redirectsBetweenWWW {
            for host in hosts { if let other = DerivedHostPass.counterpart(of: host) { found.insert(other) } }
        }
        return found.subtracting(hosts)
    }
}
