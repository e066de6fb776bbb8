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

/// Everything a route decides about its requests, flat. Defaults are ingress-nginx's.
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

    package init() {}
}
