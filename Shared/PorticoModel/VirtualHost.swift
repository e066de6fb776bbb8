/// How a route's path is compared with a request's normalised path.
///
/// Order of precedence within a host: an exact match first, then regular expressions, the longest text first; then the
/// longest path, `prefix` before `stringPrefix`.
/// Raw values are on the wire.
package enum PathMatch: UInt32, Hashable, Comparable, Sendable, CaseIterable {
    /// Equal, byte for byte (pathType `Exact`).
    case exact = 1
    /// Equal element by element between slashes (pathType `Prefix`).
    case prefix = 2
    /// The path starts with the bytes of the route (pathType `ImplementationSpecific`, as ingress-nginx takes it).
    case stringPrefix = 3
    /// The path starts with a match of the route's regular expression, whatever the case of letters (`use-regex`).
    case regex = 4

    package static func < (left: PathMatch, right: PathMatch) -> Bool { left.rawValue < right.rawValue }
}

/// One path of a virtual host and where its requests go.
package struct Route: Hashable, Sendable {
    package var match: PathMatch
    /// Starts with `/`. For `prefix`, a trailing slash is meaningless and removed, save for `/` itself.
    package var path: String
    /// The Ingress that the route was compiled from, for metrics and logs.
    package var ingress: ObjectName
    /// The name of an upstream section.
    package var upstream: String
    /// An index into `VirtualHost.policies`; nil takes `GlobalSettings.defaultPolicy`.
    package var policy: Int?

    package init(match: PathMatch, path: String, ingress: ObjectName, upstream: String, policy: Int? = nil) {
        self.match = match
        self.path = path
        self.ingress = ingress
        self.upstream = upstream
        self.policy = policy
    }
}

/// The routes of one host: the section that one changed Ingress rewrites.
package struct VirtualHost: Hashable, Sendable {
    /// Lower case, no port: `shop.example.com`, `*.example.com` (one label), or empty for requests that no host claims.
    package var host: String
    /// In order of (match, path), so that equal input is equal bytes; precedence is the data plane's business.
    package var routes: [Route]
    package var policies: [RoutePolicy]

    package init(host: String, routes: [Route], policies: [RoutePolicy] = []) {
        self.host = host
        self.routes = routes
        self.policies = policies
    }
}
