import EventLoop
import Policies

/// Slowing responses down (`limit-rate`): the endpoint is read only as fast as the client may have it.
extension Exchange {
    /// The rate counts from the request's beginning, and grants a second in advance, as nginx's does.
    private static let advanceMilliseconds: UInt64 = 1_000

    /// How much of the response may be read now; nil where there is no limit. 0 sets a time to go on.
    func pacedRoom(_ extras: ExchangeExtras, _ connection: UpstreamCarrier) -> Int? {
        // What is read ahead waits here for its time.
        guard isPaced(extras), responsePhase == .body, held == nil else { return nil }
        let room = pacedRoom(extras, delivered: upstreamBodyCount)
        if room.bytes > 0 { return room.bytes }
        extras.isPaced = true
        loop.setDeadline(connection, after: room.milliseconds)
        return 0
    }

    func isPaced(_ extras: ExchangeExtras) -> Bool { extras.features?.limits?.responseBytesPerSecond ?? 0 > 0 }

    /// How much may go to a client that has had `delivered` bytes, or how long it has to wait.
    func pacedRoom(_ extras: ExchangeExtras, delivered: UInt64) -> (bytes: Int, milliseconds: UInt32) {
        guard let limits = extras.features?.limits else { return (.max, 0) }
        let rate = limits.responseBytesPerSecond
        let granted = limits.responseRateAfterBytes + rate * (now - startedAt + Self.advanceMilliseconds) / 1_000
        if granted > delivered { return (Int(clamping: granted - delivered), 0) }
        return (0, UInt32(clamping: (delivered - granted) * 1_000 / rate + 1))
    }

    func resumePace(_ extras: ExchangeExtras, _ connection: UpstreamCarrier) {
        extras.isPaced = false
        loop.setDeadline(connection, after: policy.readTimeoutMilliseconds)
        readResponse(from: connection)
    }
}
