/// Who leads, decided over one Lease as client-go decides it, so that its users can take part.
///
/// Pure: the owner asks for the `next` order, performs it, and gives back the outcome with `take`.
///
/// States: *resting* until a time; *reading* the Lease; *writing* it (creating, taking or renewing). Beside them stands
/// whether this one leads: from a write that succeeded, until `renewDeadline` after the start of the last write that did,
/// or until a read shows another holder.
///
/// Another holder's time is measured on the local clock, from when its record was seen to change. So clocks that differ
/// do no harm. Two can only lead at once if one of them does not look at its own clock before it writes; `leads(at:)` is
/// what to look at. A write that was overtaken is refused, for it carries the `resourceVersion` that was read.
package struct LeaseElection: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package enum Order: Hashable, Sendable {
        case rest(until: Instant)
        case read
        case create(LeaseRecord)
        case replace(StoredLease, with: LeaseRecord)
    }

    private enum State: Hashable {
        case resting(until: Instant)
        case reading
        case creating
        /// `isRenewal` says that the Lease was not read first.
        case replacing(isRenewal: Bool)
    }

    private struct Observation: Hashable {
        var lease: StoredLease
        /// When its record was first seen like that.
        var at: Instant
    }

    package let identity: String
    package let timing: LeaseTiming
    private var state: State
    private var observed: Observation?
    /// The start of the last attempt that ended in a written Lease, while this one leads.
    private var renewedAt: Instant?
    private var attemptStart: Instant
    /// The least value that this leader gives `transitions`.
    private var leastTransitions = 0

    package init(identity: String, timing: LeaseTiming, now: Instant) {
        self.identity = identity
        self.timing = timing
        state = .resting(until: now)
        attemptStart = now
    }

    // MARK: What is known

    /// Whether this one may act as the leader at a moment. False as soon as the deadline has passed, whatever requests
    /// are under way.
    package func leads(at now: Instant) -> Bool { leadsUntil.map { now < $0 } ?? false }

    /// When leading ends unless the Lease is renewed before.
    package var leadsUntil: Instant? { renewedAt.map { $0 + timing.renewDeadline } }

    /// The holder as last seen; empty where there is none.
    package var holder: String { observed?.lease.record.holder ?? "" }

    /// As last seen.
    package var transitions: Int? { observed?.lease.record.transitions }

    // MARK: Orders

    /// What to do now.
    /// - Parameter time: now, as the Lease tells it.
    package mutating func next(now: Instant, time: String) -> Order {
        if !leads(at: now) { renewedAt = nil }
        guard case .resting(let until) = state else { return resume(now: now, time: time) }
        if now < until { return .rest(until: leadsUntil.map { min(until, $0) } ?? until) }
        attemptStart = now
        if leads(at: now), let lease = observed?.lease {
            state = .replacing(isRenewal: true)
            return .replace(lease, with: record(over: lease.record, time: time))
        }
        state = .reading
        return .read
    }

    /// The order of an attempt that has begun.
    private mutating func resume(now: Instant, time: String) -> Order {
        switch state {
        case .resting, .reading: return .read
        case .creating: return .create(record(over: nil, time: time))
        case .replacing:
            guard let lease = observed?.lease else {
                state = .reading
                return .read
            }
            return .replace(lease, with: record(over: lease.record, time: time))
        }
    }

    /// Takes how the last order ended.
    /// - Parameter jitter: between 0 and 1.
    package mutating func take(_ outcome: LeaseOutcome, now: Instant, jitter: Double) {
        switch (state, outcome) {
        case (.reading, .found(let lease)):
            observe(lease, at: now)
            decide(now: now, jitter: jitter)
        case (.reading, .missing):
            (observed, renewedAt, state) = (nil, nil, .creating)
        case (.creating, .written(let lease)), (.replacing, .written(let lease)):
            observe(lease, at: now)
            renewedAt = attemptStart
            state = .resting(until: now + timing.retryPeriod)
        case (.replacing(isRenewal: true), .conflict):
            state = .reading
        default:
            state = .resting(until: now + timing.retryPeriod)
        }
    }

    /// Makes the Lease's `transitions` at least this, as soon as this one leads.
    package mutating func require(transitions: Int, now: Instant) {
        leastTransitions = max(leastTransitions, min(transitions, LeaseRecord.highestTransitions))
        if case .resting = state, leads(at: now), (self.transitions ?? 0) < leastTransitions {
            state = .resting(until: now)
        }
    }

    /// Stops leading.
    /// - Returns: what to write so that others need not wait, if this one led.
    package mutating func release(now: Instant, time: String) -> Order? {
        guard leads(at: now), let lease = observed?.lease, lease.record.holder == identity else { return nil }
        renewedAt = nil
        return .replace(
            lease,
            with: LeaseRecord(
                holder: "", durationSeconds: 1, acquireTime: time, renewTime: time,
                transitions: lease.record.transitions))
    }

    // MARK: Decisions

    private mutating func observe(_ lease: StoredLease, at now: Instant) {
        let isSame = observed?.lease.record == lease.record
        observed = Observation(lease: lease, at: isSame ? observed?.at ?? now : now)
    }

    /// After the Lease was read: takes it, or rests.
    private mutating func decide(now: Instant, jitter: Double) {
        guard let observed else { return }
        let record = observed.lease.record
        if record.holder != identity {
            renewedAt = nil
            let end = observed.at + .seconds(record.durationSeconds)
            if !record.holder.isEmpty, now < end {
                state = .resting(until: now + timing.retryPeriod * (1 + LeaseTiming.jitterFactor * jitter))
                return
            }
        }
        state = .replacing(isRenewal: false)
    }

    /// What this one writes over a record: a renewal where it is the holder already.
    private func record(over old: LeaseRecord?, time: String) -> LeaseRecord {
        var transitions = old.map { min($0.transitions + 1, LeaseRecord.highestTransitions) } ?? 0
        var acquireTime = time
        if let old, old.holder == identity { (transitions, acquireTime) = (old.transitions, old.acquireTime) }
        return LeaseRecord(
            holder: identity, durationSeconds: timing.leaseSeconds, acquireTime: acquireTime, renewTime: time,
            transitions: max(transitions, leastTransitions))
    }
}
