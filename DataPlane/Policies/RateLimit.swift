/// A leaky bucket as nginx's `limit_req … nodelay` keeps it. Pure; one word of state, so that it fits an atomic.
///
/// The bucket holds thousandths of requests and runs out at the rate. A request that would raise it above the burst is
/// refused and leaves it as it is.
package struct RateLimit: Hashable, Sendable {
    /// Thousandths of requests per second.
    package var rate: UInt64
    /// Requests that may come at once beyond the first.
    package var burst: UInt64

    package init(requestsPerSecond: UInt32, burst: UInt32) {
        rate = UInt64(requestsPerSecond) * 1_000
        self.burst = UInt64(burst)
    }

    package init(requestsPerMinute: UInt32, burst: UInt32) {
        rate = UInt64(requestsPerMinute) * 1_000 / 60
        self.burst = UInt64(burst)
    }

    /// What is kept of a bucket.
    package struct State: Equatable {
        /// Thousandths of requests in it.
        package var excess: UInt32
        /// The low bits of the time when it was looked at, in milliseconds.
        package var milliseconds: UInt32

        package init(excess: UInt32, milliseconds: UInt32) {
            self.excess = excess
            self.milliseconds = milliseconds
        }

        package init(word: UInt64) {
            self.init(excess: UInt32(truncatingIfNeeded: word >> 32), milliseconds: UInt32(truncatingIfNeeded: word))
        }

        package var word: UInt64 { UInt64(excess) << 32 | UInt64(milliseconds) }
    }

    /// The bucket after a request, or nil where the request is one too many.
    package func admit(_ state: State, at milliseconds: UInt64) -> State? {
        let now = UInt32(truncatingIfNeeded: milliseconds)
        // Another worker's clock may be a little ahead; a bucket unused for weeks may look as if it were.
        let difference = Int32(bitPattern: now &- state.milliseconds)
        let passed: UInt64 = difference < -60_000 ? 1 : difference < 0 ? 0 : UInt64(difference)
        let leaked = rate * passed / 1_000
        let filled = UInt64(state.excess) + 1_000
        let excess = filled > leaked ? filled - leaked : 0
        guard excess <= burst * 1_000 else { return nil }
        return State(excess: UInt32(clamping: excess), milliseconds: passed == 0 ? state.milliseconds : now)
    }

    /// The bucket of a client's first request.
    package func first(at milliseconds: UInt64) -> State {
        State(excess: 0, milliseconds: UInt32(truncatingIfNeeded: milliseconds))
    }
}
