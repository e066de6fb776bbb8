/// What the sessions of one port add up to.
package final class StreamCounters {
    @exclusivity(unchecked) package internal(set) var sessions: UInt64 = 0
    @exclusivity(unchecked) package internal(set) var openSessions: UInt64 = 0
    /// From clients and from endpoints.
    @exclusivity(unchecked) package internal(set) var receivedBytes: UInt64 = 0
    @exclusivity(unchecked) package internal(set) var sentBytes: UInt64 = 0
    /// Sessions turned away because there were too many.
    @exclusivity(unchecked) package internal(set) var refusedSessions: UInt64 = 0
    /// Attempts at an endpoint that failed, and sessions that found none.
    @exclusivity(unchecked) package internal(set) var failedAttempts: UInt64 = 0
    @exclusivity(unchecked) package internal(set) var unservedSessions: UInt64 = 0
    @exclusivity(unchecked) package internal(set) var timeouts: UInt64 = 0
    /// Connections that did not start with the PROXY protocol header that they should have.
    @exclusivity(unchecked) package internal(set) var malformedHeaders: UInt64 = 0

    init() {}
}
