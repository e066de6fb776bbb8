import Patterns
import PorticoModel

/// What a route's counters are kept under: they survive every change that leaves these as they are.
package struct RouteStatisticsKey: Hashable, Sendable {
    package var host: String
    package var path: String
    package var match: PathMatch
    package var ingress: ObjectName
    package var upstream: String

    /// Host and path tell nearly all routes apart, and hashing them is most of what building a large table costs.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(host)
        hasher.combine(path)
    }
}

/// The dense numbers of a worker's upstreams and routes, shared by all of its routing tables.
package final class RoutingRegistries {
    package let upstreams = SlotRegistry<String>()
    package let routes = SlotRegistry<RouteStatisticsKey>()

    /// Makes a route's features ready; nil where it has none. What is made is the caller's business.
    let compileFeatures: (RoutePolicy, Route) -> AnyObject?

    package init(compileFeatures: @escaping (RoutePolicy, Route) -> AnyObject? = { _, _ in nil }) {
        self.compileFeatures = compileFeatures
    }
}

/// A policy as routes share it: requests read it in place, however much it comes to hold.
package final class PolicyRecord {
    package let values: RoutePolicy

    package init(_ values: RoutePolicy) { self.values = values }
}

/// A regular expression for the subjects of certificates. One that cannot be read matches nothing.
package final class SubjectPattern {
    private let pattern: Pattern?
    private let captures = Captures()

    init(_ text: String) { pattern = try? Pattern(text) }

    package func matches(_ subject: String) -> Bool {
        guard let pattern else { return false }
        var subject = subject
        return subject.withUTF8 { pattern.match(UnsafeRawBufferPointer($0), into: captures) == .matched }
    }
}

/// What a host says about TLS, shared by its routes.
package final class HostTLS {
    /// As in the host's section.
    package let host: String
    package let values: VirtualHostTLS
    /// What a client's certificate must name; nil for anything.
    package let subjectPattern: SubjectPattern?

    init(host: String, values: VirtualHostTLS) {
        self.host = host
        self.values = values
        let pattern = values.clientCertificates?.subjectPattern ?? ""
        subjectPattern = pattern.isEmpty ? nil : SubjectPattern(pattern)
    }
}

/// One route of a routing table, immutable. A request may hold on to it past the table's life.
package final class RouteEntry {
    package let host: String
    package let route: Route
    /// The route's own policy; nil takes the table's default. Ask the table.
    package let ownPolicy: PolicyRecord?
    /// What the registries' owner made of the policy; nil for routes without features.
    package let features: AnyObject?
    /// What the host says about TLS.
    package let tls: HostTLS?
    /// The slot of `route.upstream` in `RoutingRegistries.upstreams`.
    package let upstream: Int
    /// The slot of the route's counters in `RoutingRegistries.routes`.
    package let statistics: Int
    /// `route.upstream` as logs write it.
    package let upstreamName: [UInt8]
    private let registries: RoutingRegistries

    init(host: String, route: Route, ownPolicy: PolicyRecord?, tls: HostTLS? = nil, registries: RoutingRegistries) {
        self.tls = tls
        self.host = host
        self.route = route
        self.ownPolicy = ownPolicy
        self.registries = registries
        features =
            ownPolicy != nil || !route.alternatives.isEmpty
            ? registries.compileFeatures(ownPolicy?.values ?? RoutePolicy(), route) : nil
        upstreamName = Array(route.upstream.utf8)
        upstream = registries.upstreams.acquire(route.upstream)
        statistics = registries.routes.acquire(
            RouteStatisticsKey(
                host: host, path: route.path, match: route.match, ingress: route.ingress, upstream: route.upstream))
    }

    deinit {
        registries.upstreams.release(upstream)
        registries.routes.release(statistics)
    }
}
