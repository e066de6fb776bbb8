/// How an endpoint is chosen where nothing else decides; nil is round robin. Affinity goes before it.
package struct BalancingPolicy: Hashable, Sendable {
    package var algorithm: BalancingAlgorithm = .roundRobin
    /// For `hash`: the template whose value chooses the endpoint by consistent hashing. An empty value is a key like
    /// any other.
    package var hashKey = ""
    /// For `hash`: the ring has subsets of this many endpoints, and a request takes a random member of its subset; 0
    /// for single endpoints. Subsets are filled up by repeating endpoints, so all have the same size.
    package var subsetSize: UInt32 = 0

    package init() {}
}

/// Requests with the same cookie go to the same endpoint (`affinity: cookie`). The cookie is sent where the request had
/// none, or one that leads nowhere, and its value is opaque.
package struct SessionAffinity: Hashable, Sendable {
    /// INGRESSCOOKIE unless said.
    package var cookieName = "INGRESSCOOKIE"
    /// Empty: the route's path, or `/` where paths are regular expressions.
    package var cookiePath = ""
    /// Empty: no Domain attribute.
    package var cookieDomain = ""
    /// The Expires attribute is this long from now; 0: none.
    package var expiresSeconds: UInt64 = 0
    /// The Max-Age attribute; 0: none.
    package var maximumAgeSeconds: UInt64 = 0
    package var sameSite: SameSite = .absent
    /// `session-cookie-conditional-samesite-none`: SameSite=None is left out for browsers that take it for Strict (old
    /// Safari and Chrome 51 to 66, by their User-Agent).
    package var omitsSameSiteNone = false
    /// Kept apart for each site that embeds the host.
    package var isPartitioned = false
    package var secure: CookieSecurity = .automatic
    /// A new endpoint and cookie after an attempt failed; otherwise a cookie keeps its endpoint although it failed.
    package var changesOnFailure = false
    package var mode: AffinityMode = .balanced
    /// `affinity-canary-behavior: legacy` on the main Ingress: the cookie does not bind requests to a canary or away from
    /// it. Otherwise the choice between main and canary sticks too.
    package var ignoresCanaries = false

    package init() {}
}

/// A canary: another upstream that takes some of a route's requests. They are asked in order; the first that answers
/// yes takes the request, and a header or cookie that says never ends the asking of this one.
///
/// Of one alternative the header decides first, then the cookie, then the weight.
package struct RouteAlternative: Hashable, Sendable {
    package var upstream = ""
    /// The canary's own Ingress, for metrics and logs.
    package var ingress = ObjectName(namespace: "", name: "")
    /// `canary-by-header`; empty: no header decides. Without `headerValue` and `headerPattern`, `always` and `never`
    /// decide and anything else leaves it to the cookie.
    package var header = ""
    /// The value that decides for the canary; any other leaves it to the cookie.
    package var headerValue = ""
    /// A regular expression that the value must contain a match of; only where `headerValue` is empty. One that does
    /// not compile decides nothing.
    package var headerPattern = ""
    /// The cookie with `always` and `never`; empty: none.
    package var cookie = ""
    /// Of `weightTotal` requests so many go to the canary.
    package var weight: UInt32 = 0
    /// 100 unless said; never 0.
    package var weightTotal: UInt32 = 100
    /// The affinity cookie binds nobody to this canary or away from it (`affinity-canary-behavior: legacy`).
    package var ignoresAffinity = false

    package init() {}
}

/// Raw values are on the wire.
package enum BalancingAlgorithm: UInt32, Hashable, Sendable, CaseIterable {
    /// Each in turn.
    case roundRobin = 0
    /// The faster of two random ones, by a moving average of response times (peak EWMA), as ingress-nginx's `ewma`.
    case ewma = 1
    /// By `hashKey`.
    case hash = 2
}

/// The SameSite attribute. Raw values are on the wire.
package enum SameSite: UInt32, Hashable, Sendable, CaseIterable {
    case absent = 0
    case lax = 1
    case strict = 2
    case `none` = 3
}

/// The Secure attribute. Raw values are on the wire.
package enum CookieSecurity: UInt32, Hashable, Sendable, CaseIterable {
    /// Where the request came over TLS.
    case automatic = 0
    case always = 1
    case never = 2
}

/// Raw values are on the wire.
package enum AffinityMode: UInt32, Hashable, Sendable, CaseIterable {
    /// Some sessions move when endpoints are added, so that the load spreads.
    case balanced = 0
    /// A session stays as long as its endpoint is there.
    case persistent = 1
}
