/// What the ConfigMap says for all hosts. Defaults are ingress-nginx's.
package struct GlobalSettings: Hashable, Sendable {
    /// The upstream for requests that no route claims; nil answers 404.
    package var defaultUpstream: String?
    /// For every route that has no policy of its own.
    package var defaultPolicy = RoutePolicy()

    // Downstream connections.
    package var clientHeaderTimeoutMilliseconds: UInt32 = 60_000
    package var clientBodyTimeoutMilliseconds: UInt32 = 60_000
    /// How long an idle connection is kept; 0 closes after each response.
    package var keepAliveTimeoutMilliseconds: UInt32 = 75_000
    package var keepAliveRequests: UInt32 = 1_000
    /// The longest request line or single header line (`large-client-header-buffers` size).
    package var maximumHeaderLineBytes: UInt32 = 8 << 10
    /// The whole header block (`large-client-header-buffers` number × size).
    package var maximumHeaderBytes: UInt32 = 32 << 10
    /// Per worker (`max-worker-connections`).
    package var maximumConnections: UInt32 = 16_384
    package var usesProxyProtocol = false
    /// Clients may speak HTTP/2 (`use-http2`).
    package var usesHTTP2 = true
    package var http2ConcurrentStreams: UInt32 = 128
    package var proxyProtocolTimeoutMilliseconds: UInt32 = 5_000
    package var drainTimeoutMilliseconds: UInt32 = 240_000

    // Request headers.
    package var allowsUnderscoresInHeaders = false
    /// Invalid header names are dropped rather than refused.
    package var ignoresInvalidHeaders = true
    package var generatesRequestID = true
    /// Incoming X-Forwarded-* headers are believed.
    package var usesForwardedHeaders = false
    /// Append to X-Forwarded-For rather than replace it.
    package var computesFullForwardedFor = false
    package var forwardedForHeader = "X-Forwarded-For"
    /// Who may set forwarding headers or speak PROXY protocol, as CIDR blocks.
    package var trustedProxies: [String] = ["0.0.0.0/0", "::/0"]
    package var addsOriginalURIHeader = false
    /// The client's address comes from `forwardedForHeader` of trusted proxies (`enable-real-ip`), without belief in
    /// the other headers.
    package var usesRealIP = false
    /// Set for requests of connections with a PROXY protocol header.
    package var forwardedForProxyProtocolHeader = "X-Forwarded-For-Proxy-Protocol"
    /// Set towards every endpoint (`proxy-set-headers`).
    package var requestHeaders: [HeaderAssignment] = []

    // Response headers.
    package var passesServerHeader = false
    /// Set in every response, whoever makes it (`add-headers`).
    package var responseHeaders: [HeaderAssignment] = []
    /// Lower case. Endpoints' headers that no client sees (`hide-headers`).
    package var hiddenHeaders: [String] = []
    /// Nil: not offered. Of those that a client accepts alike, zstd goes before brotli and brotli before gzip.
    package var gzip: CompressionSettings?
    package var brotli: CompressionSettings?
    package var zstd: CompressionSettings?

    // Access, before any route is chosen: 403.
    package var blockedAddresses: [String] = []
    package var blockedAgents: [TextPattern] = []
    package var blockedReferers: [TextPattern] = []
    /// The template of what `RateLimits` count by; where it is empty a request is not limited.
    package var limitKey = "$binary_remote_addr"
    package var limitRequestsStatus: UInt32 = 503
    package var limitConnectionsStatus: UInt32 = 503

    /// Of redirects that stand for the same request at another URL: to https, to and from `www.`.
    package var redirectStatus: UInt32 = 308

    /// Of texts that snippets answer with, where the path's ending does not say it; empty: text/html.
    package var mediaType = ""

    /// TLS with clients.
    package var tls = TLSSettings()

    // Upstream connections, per worker and upstream.
    package var upstreamKeepAliveConnections: UInt32 = 320
    package var upstreamKeepAliveTimeoutMilliseconds: UInt32 = 60_000
    package var upstreamKeepAliveRequests: UInt32 = 10_000
    /// The longest time a connection is reused (`upstream-keepalive-time`).
    package var upstreamKeepAliveTimeMilliseconds: UInt32 = 3_600_000

    /// Of routes that are traced.
    package var tracing = TracingSettings()

    // Logs.
    package var logsAccess = true
    /// A file, `/dev/stdout`, or `syslog:ADDRESS:PORT`.
    package var accessLogPath = "/dev/stdout"
    /// Nil: ingress-nginx's own.
    package var logFormat: LogFormat?
    /// Request targets, with their query, that are not logged.
    package var unloggedTargets: [TextPattern] = []
    /// Requests that no route claims are logged too.
    package var logsDefaultBackend = false
    /// The log of TCP and UDP sessions.
    package var logsStreams = true
    package var streamLogPath = "/dev/stdout"
    /// A `StreamLogFormat`; empty is ingress-nginx's own.
    package var streamLogFormat = ""

    /// Variables have values from databases of addresses (`use-geoip2`).
    package var usesGeoDatabases = false

    package init() {}
}
