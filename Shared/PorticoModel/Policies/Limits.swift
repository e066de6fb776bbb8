/// Limits by client, held for all workers of a node and shared by all routes of the Ingress. 0: no limit. The client is
/// the value of `GlobalSettings.limitKey`. What is over the limit gets `limitRequestsStatus` or
/// `limitConnectionsStatus`.
package struct RateLimits: Hashable, Sendable {
    /// Requests in progress at once.
    package var connections: UInt32 = 0
    package var requestsPerSecond: UInt32 = 0
    package var requestsPerMinute: UInt32 = 0
    /// A burst of this many times the limit is let through at once (nginx's `nodelay`); beyond it requests are refused.
    package var burstMultiplier: UInt32 = 5
    /// Clients in these CIDR blocks are not limited.
    package var allowedBlocks: [String] = []
    /// Per request.
    package var responseBytesPerSecond: UInt64 = 0
    /// The first bytes of a response go unhindered.
    package var responseRateAfterBytes: UInt64 = 0

    package init() {}
}
