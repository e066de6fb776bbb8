/// Lets a number of things happen at once, and then so many per second.
struct TokenBucket: Sendable {
    private let capacity: Double
    private let perSecond: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    init(capacity: Double, perSecond: Double, now: ContinuousClock.Instant) {
        self.capacity = capacity
        self.perSecond = perSecond
        tokens = capacity
        filledAt = now
    }

    mutating func take(at now: ContinuousClock.Instant) -> Bool {
        fill(at: now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// When there will be a token again.
    mutating func nextToken(after now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        fill(at: now)
        return now + .seconds(max(0, 1 - tokens) / perSecond)
    }

    private mutating func fill(at now: ContinuousClock.Instant) {
        let elapsed = (now - filledAt) / .seconds(1)
        tokens = min(capacity, tokens + max(0, elapsed) * perSecond)
        filledAt = now
    }

    func isFull(at now: ContinuousClock.Instant) -> Bool {
        tokens + max(0, (now - filledAt) / .seconds(1)) * perSecond >= capacity
    }
}
