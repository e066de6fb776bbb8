/// How a route's path is compared with a request's normalised path.
///
/// Order of precedence within a host: an exact match first, then a regular expression, the longest first and of equal
/// length the one whose bytes are greater, then the longest path, `prefix` before `stringPrefix`. `firmPrefix`, where
/// it is the longest of all the plain ones that match, goes before every regular expression (nginx's `^~`). Raw values
/// are on the wire.
package enum PathMatch: UInt32, Hashable, Comparable, Sendable, CaseIterable {
    /// Equal, byte for byte (pathType `Exact`).
    case exact = 1
    /// Equal element by element between slashes (pathType `Prefix`).
    case prefix = 2
    /// The path starts with the bytes of the route (pathType `ImplementationSpecific`, as ingress-nginx takes it).
    case stringPrefix = 3
    /// The path matches the regular expression `^` + path, whatever the letters' case. Its captures are `$1` and so on
    /// of the policy's templates. One that cannot be compiled, or exceeds the match limits, matches nothing.
    case regex = 4
    /// The same with regard to case.
    case caseSensitiveRegex = 5
    /// As `stringPrefix`, and regular expressions are not asked.
    case firmPrefix = 6

    package var isRegex: Bool { self == .regex || self == .caseSensitiveRegex }

    package static func < (left: PathMatch, right: PathMatch) -> Bool { left.rawValue < right.rawValue }
}

/// One path of a virtual host and where its requests go.
package struct Route: Hashable, Sendable {
    package var match: PathMatch
    /// Starts with `/`, save for a regular expression that comes from a snippet; every regular expression is anchored at
    /// the start of the path. For `prefix`, a trailing slash is meaningless and removed, save for `/` itself.
    package var path: String
    /// The Ingress that the route was compiled from, for metrics and logs.
    package var ingress: ObjectName
    /// The name of an upstream section; empty: the route answers by itself, by its policy or with 404.
    package var upstream: String
    /// An index into `VirtualHost.policies`; nil takes `GlobalSettings.defaultPolicy`.
    package var policy: Int?
    /// The canaries, in the order in which they are asked.
    package var alternatives: [RouteAlternative] = []

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
    /// Nil where no Ingress of the host speaks of TLS.
    package var tls: VirtualHostTLS?

    package init(host: String, routes: [Route], policies: [RoutePolicy] = [], tls: VirtualHostTLS? = nil) {
        self.host = host
        self.routes = routes
        self.policies = policies
        self.tls = tls
    }
}
