import HTTP2Core
import TLSEngine

/// A worker's counters that belong to no route.
struct WorkerCounters {
    var acceptedConnections: UInt64 = 0
    var handledConnections: UInt64 = 0
    var openConnections: UInt64 = 0
    var requests: UInt64 = 0
    /// Requests that are being answered now.
    var activeRequests: UInt64 = 0
    var downstreamBytesRead: UInt64 = 0
    var downstreamBytesWritten: UInt64 = 0
    var upstreamConnects: UInt64 = 0
    var upstreamReuses: UInt64 = 0
    var upstreamFailures: UInt64 = 0
    var upstreamRetries: UInt64 = 0
    var staleReplays: UInt64 = 0
    var ejections: UInt64 = 0
    var openUpstreamConnections: UInt64 = 0
    var malformedRequests: UInt64 = 0
    var refusedConnections: UInt64 = 0
    var headersTooLarge: UInt64 = 0
    var bodiesTooLarge: UInt64 = 0
    var bodiesSpilled: UInt64 = 0
    var descriptorsExhausted: UInt64 = 0
    var timeouts: UInt64 = 0
    var http2Connections: UInt64 = 0
    /// By `FloodGuard.Flood`.
    var http2Floods: [UInt64] = Array(repeating: 0, count: FloodGuard.Flood.allCases.count)
    /// Requests whose regular expression reached its limits.
    var patternsExhausted: UInt64 = 0
    /// Requests over a limit of rate or connections.
    var requestsLimited: UInt64 = 0
    /// Requests that ModSecurity's rules refused or sent elsewhere.
    var requestsRefusedByRules: UInt64 = 0
    var mirrorsDropped: UInt64 = 0
    /// By version, as in `TLSSession.versions`.
    var handshakes: [UInt64] = Array(repeating: 0, count: TLSSession.versions.count)
    var resumedHandshakes: [UInt64] = Array(repeating: 0, count: TLSSession.versions.count)
    var failedHandshakes: UInt64 = 0
    var refusedHandshakes: UInt64 = 0
    /// With endpoints.
    var upstreamHandshakes: UInt64 = 0
    var resumedUpstreamHandshakes: UInt64 = 0
}
