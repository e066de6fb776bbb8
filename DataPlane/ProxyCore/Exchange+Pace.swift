import EventLoop
import Policies

/// Slowing responses down (`limit-rate`): the endpoint is read only as fast as the client may have it.
extension Exchange {
    /// The rate counts from the request's beginning, and grants a second in advance, as nginx's does.
    private static let advanceMilliseconds: UInt64 = 1_000

    /// How much of the response may be read now; nil where there is no limit. 0 sets a time to go on.
    func pacedRoom(_ extras: ExchangeExtras, _ connection: UpstreamCarrier) -> Int? {
        guard let limits = extras.features?.limits, limits.responseBytesPerSecond > 0, responsePhase == .body else {
            return nil
        }
        let rate = limits.responseBytesPerSecond
        let granted = limits.responseRateAfterBytes + rate * (now - startedAt + Self.advanceMilliseconds) / 1_000
        if granted > upstreamBodyCount { return Int(clamping: granted - upstreamBodyCount) }
        extras.isPaced = true
        let wait = (upstreamBodyCount - granted) * 1_000 / rate + 1
        loop.setDeadline(connection, after: UInt32(clamping: wait))
        return 0
    }

    func resumePace(_ extras: ExchangeExtras, _ connection: UpstreamCarrier) {
        extras.isPaced = false
        loop.setDeadline(connection, after: policy.readTimeoutMilliseconds)
        readResponse(from: connection)
    }
}
