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

    // Response headers.
    package var passesServerHeader = false

    // Upstream connections, per worker and upstream.
    package var upstreamKeepAliveConnections: UInt32 = 320
    package var upstreamKeepAliveTimeoutMilliseconds: UInt32 = 60_000
    package var upstreamKeepAliveRequests: UInt32 = 10_000
    /// The longest time a connection is reused (`upstream-keepalive-time`).
    package var upstreamKeepAliveTimeMilliseconds: UInt32 = 3_600_000

    // Logs.
    package var logsAccess = true
    /// A file, or `/dev/stdout`.
    package var accessLogPath = "/dev/stdout"

    package init() {}
}
