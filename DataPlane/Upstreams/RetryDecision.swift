import PorticoModel

/// Why an attempt at an endpoint came to nothing.
package enum AttemptFailure: Equatable {
    case connectFailed, connectTimedOut
    /// TLS could not be set up, or the endpoint's certificate was not believed.
    case handshakeFailed
    /// Sending failed or the connection ended before the response's head.
    case connectionLost
    case timedOut
    case invalidResponse
    /// The endpoint answered with this status, which nobody has seen yet.
    case status(Int)

    /// The answer where the request isn't tried again.
    package var status: Int {
        switch self {
        case .connectTimedOut, .timedOut: 504
        case .connectFailed, .handshakeFailed, .connectionLost, .invalidResponse: 502
        case .status(let status): status
        }
    }

    /// A word for it, in metrics.
    package var reason: String {
        switch self {
        case .connectFailed: "connect"
        case .connectTimedOut: "connect_timeout"
        case .handshakeFailed: "tls"
        case .connectionLost: "connection_lost"
        case .timedOut: "timeout"
        case .invalidResponse: "invalid_response"
        case .status(let status): "status_\(status)"
        }
    }

    fileprivate var condition: RetryConditions {
        switch self {
        case .connectFailed, .handshakeFailed, .connectionLost: .error
        case .connectTimedOut, .timedOut: .timeout
        case .invalidResponse: .invalidHeader
        case .status(500): .http500
        case .status(502): .http502
        case .status(503): .http503
        case .status(504): .http504
        case .status(403): .http403
        case .status(404): .http404
        case .status(429): .http429
        case .status: []
        }
    }
}

/// What the decision rests on. Nothing of a response has gone downstream; then there is no decision to take.
package struct AttemptState {
    /// Attempts so far, replays of stale connections not counted, this one included.
    package var attempts: UInt32
    package var endpointCount: Int
    package var elapsedMilliseconds: UInt64
    package var isIdempotent: Bool
    /// Every byte of the request is still here.
    package var isReplayable: Bool
    /// Some byte of the request went out on this connection.
    package var hasSentBytes: Bool
    /// The connection came from the pool.
    package var isReused: Bool

    package init(
        attempts: UInt32, endpointCount: Int, elapsedMilliseconds: UInt64, isIdempotent: Bool, isReplayable: Bool,
        hasSentBytes: Bool, isReused: Bool
    ) {
        self.attempts = attempts
        self.endpointCount = endpointCount
        self.elapsedMilliseconds = elapsedMilliseconds
        self.isIdempotent = isIdempotent
        self.isReplayable = isReplayable
        self.hasSentBytes = hasSentBytes
        self.isReused = isReused
    }
}

/// What to do after a failed attempt.
package enum RetryOrder: Equatable {
    /// The pooled connection had been closed by the peer: not the endpoint's fault, and not counted as a try.
    case replayOnFreshConnection
    case retryOnNextEndpoint
    case giveUp(status: Int)

    /// Decides by the route's retry policy, as `proxy_next_upstream` does.
    package static func decide(after failure: AttemptFailure, _ state: AttemptState, by policy: RoutePolicy)
        -> RetryOrder
    {
        let answer = RetryOrder.giveUp(status: failure.status)
        guard state.isReplayable else { return answer }
        let mayRepeat =
            state.isIdempotent || !state.hasSentBytes || policy.retryConditions.contains(.nonIdempotent)
        guard mayRepeat else { return answer }
        if failure == .connectionLost, state.isReused { return .replayOnFreshConnection }
        guard !failure.condition.isEmpty, policy.retryConditions.contains(failure.condition) else { return answer }
        let tries = policy.retryTries == 0 ? UInt32(clamping: state.endpointCount) : policy.retryTries
        guard state.attempts < tries else { return answer }
        let limit = UInt64(policy.retryTimeoutMilliseconds)
        if limit != 0, state.elapsedMilliseconds >= limit { return answer }
        return .retryOnNextEndpoint
    }
}
