/// The conditions on which a request may be tried again elsewhere (`proxy-next-upstream`). Raw values are on the wire.
package struct RetryConditions: OptionSet, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let error = RetryConditions(rawValue: 1 << 0)
    package static let timeout = RetryConditions(rawValue: 1 << 1)
    package static let invalidHeader = RetryConditions(rawValue: 1 << 2)
    package static let http500 = RetryConditions(rawValue: 1 << 3)
    package static let http502 = RetryConditions(rawValue: 1 << 4)
    package static let http503 = RetryConditions(rawValue: 1 << 5)
    package static let http504 = RetryConditions(rawValue: 1 << 6)
    package static let http403 = RetryConditions(rawValue: 1 << 7)
    package static let http404 = RetryConditions(rawValue: 1 << 8)
    package static let http429 = RetryConditions(rawValue: 1 << 9)
    /// Requests of methods that are not idempotent may be repeated too.
    package static let nonIdempotent = RetryConditions(rawValue: 1 << 10)
}

/// Everything a route decides about its requests. Defaults are ingress-nginx's.
///
/// What nearly every request needs is flat; `features` holds the rest, and nothing where the route has none.
package struct RoutePolicy: Hashable, Sendable {
    package var connectTimeoutMilliseconds: UInt32 = 5_000
    /// Between two successful writes of the request.
    package var sendTimeoutMilliseconds: UInt32 = 60_000
    /// Between two successful reads of the response.
    package var readTimeoutMilliseconds: UInt32 = 60_000
    /// The largest request body taken; 0 is no limit.
    package var maximumBodyBytes: UInt64 = 1 << 20
    /// Read the whole request body before an upstream is chosen.
    package var buffersRequests = true
    /// How much of a buffered request body stays in memory; the rest goes to a temporary file.
    package var bodyBufferBytes: UInt32 = 8 << 10
    package var retryConditions: RetryConditions = [.error, .timeout]
    /// Attempts in all; 0 is no limit but the number of endpoints.
    package var retryTries: UInt32 = 3
    /// No new attempt starts after this time; 0 is no limit.
    package var retryTimeoutMilliseconds: UInt32 = 0
    package var logsAccess = true

    /// Read ahead of a slow client, into memory and then a temporary file (`proxy-buffering`).
    package var buffersResponses = false
    package var responseBufferCount: UInt32 = 4
    /// Of one buffer; where it is not nginx's default, also the longest head of a response.
    package var responseBufferBytes: UInt32 = 4 << 10
    /// How much of what waits is handed to the client's connection at a time; 0 is the worker's own choice.
    package var busyBufferBytes: UInt32 = 0
    /// 0 keeps responses out of files.
    package var maximumTemporaryFileBytes: UInt64 = 1 << 30
    /// Speak HTTP/1.0 to the endpoint, without keep-alive (`proxy-http-version`).
    package var usesHTTP10Upstream = false
    /// Redirects made here have a path instead of a URL.
    package var makesRelativeRedirects = false
    /// Redirects made here name the listening port where it is not the scheme's own.
    package var namesPortInRedirects = false
    /// Whether requests over plain HTTP are sent to https.
    package var tlsRedirect = TLSRedirect.ifHostHasTLS
    /// The redirect to https keeps a slash at the end of the path.
    package var preservesTrailingSlash = false
    /// Requests are traced: `traceparent` goes to the endpoint.
    package var tracesRequests = false
    /// The client's `traceparent` is continued; otherwise a trace begins here.
    package var trustsIncomingSpan = true
    package var backendProtocol = BackendProtocol.http
    /// All requests are answered with 503: what protects the route could not be read.
    package var isWithheld = false

    private var box: FeatureBox?

    /// Copying a policy never copies them.
    package var features: RouteFeatures {
        get { box?.features ?? RouteFeatures() }
        set { box = newValue == RouteFeatures() ? nil : FeatureBox(newValue) }
    }

    package var hasFeatures: Bool { box != nil }

    package init() {}
}

/// What few routes have. The data plane turns each into its own form when it builds a table, and looks at nil
/// otherwise.
package struct RouteFeatures: Hashable, Sendable {
    /// Path, Host and prefix towards the endpoint.
    package var rewrite: RewritePolicy?
    /// Every request is sent elsewhere.
    package var redirect: RedirectPolicy?
    /// Cookies and Location of responses.
    package var responseRewriting: ResponseRewriting?
    /// Errors that another service puts into words.
    package var errorPages: ErrorPagePolicy?
    /// Other than round robin.
    package var balancing: BalancingPolicy?
    /// Sticky sessions.
    package var affinity: SessionAffinity?
    /// Headers set or hidden.
    package var headers: HeaderPolicy?
    /// Address lists, passwords, external authentication.
    package var access: AccessPolicy?
    /// Rates, connections, speed.
    package var limits: RateLimits?
    /// CORS.
    package var crossOrigin: CrossOriginPolicy?
    /// A copy of each request goes elsewhere.
    package var mirror: MirrorPolicy?
    /// How TLS is spoken to the endpoint, where the protocol towards it uses TLS; nil for the defaults.
    package var upstreamTLS: UpstreamTLS?
    /// What configuration snippets mean.
    package var snippet: SnippetProgram?
    /// For `BackendProtocol.fastCGI`.
    package var fastCGI: FastCGIPolicy?
    /// ModSecurity's rules.
    package var firewall: FirewallPolicy?
    /// The template of a span's name; empty: the route's host and path.
    package var spanName = ""

    package init() {}
}

private final class FeatureBox: Hashable, Sendable {
    let features: RouteFeatures

    init(_ features: RouteFeatures) { self.features = features }

    static func == (left: FeatureBox, right: FeatureBox) -> Bool {
        left === right || left.features == right.features
    }

    func hash(into hasher: inout Hasher) { hasher.combine(features) }
}
