/// A point on the monotonic clock, in milliseconds.
package typealias Milliseconds = Int64

/// How soon a child that ended is started again.
package struct RestartPolicy: Hashable, Sendable {
    /// A child that lived this long was healthy: the next start is immediate.
    package var healthyAfter: Milliseconds = 1_000
    /// The pause before the second start of a child that keeps crashing; it doubles with every further one.
    package var firstPause: Milliseconds = 50
    package var longestPause: Milliseconds = 5_000
    /// How many crashes in a row, each before `healthyAfter`, are answered with an immediate start.
    package var immediateStarts = 2

    package init() {}

    /// - Parameter crashes: short lives in a row, the last one included.
    package func pause(afterCrashes crashes: Int) -> Milliseconds {
        guard crashes > immediateStarts else { return 0 }
        let doublings = min(crashes - immediateStarts - 1, 20)
        return min(firstPause << Milliseconds(doublings), longestPause)
    }
}

/// The life of one supervised child, as a pure state machine: events and the time in, orders out.
///
///     waiting ──(due)──► running ──(ended)──► waiting …
///        │                  │
///        └──(stop)──► ended ◄──(ended)── stopping ──(grace over)──► kill, still stopping
///
/// A start that fails counts as a crash. Nothing leaves `ended`. An end reported while waiting is ignored, as it
/// belongs to a process that was already accounted for.
package struct ChildLifecycle: Sendable {
    package enum State: Hashable, Sendable {
        case waiting(until: Milliseconds)
        case running(since: Milliseconds)
        case stopping(killAt: Milliseconds)
        case ended
    }

    /// What the shell does now.
    package enum Order: Hashable, Sendable {
        case start
        case terminate
        case kill
    }

    package private(set) var state: State
    /// Starts after the first one.
    package private(set) var restarts = 0
    private var crashesInARow = 0
    private var hasStarted = false
    private let policy: RestartPolicy

    /// A child that is due at once.
    package init(policy: RestartPolicy, now: Milliseconds) {
        self.policy = policy
        state = .waiting(until: now)
    }

    /// When `tick` next has something to order; nil when only an event can bring that about.
    package var deadline: Milliseconds? {
        switch state {
        case .waiting(let until): until
        case .stopping(let killAt): killAt == .max ? nil : killAt
        case .running, .ended: nil
        }
    }

    package var hasEnded: Bool { state == .ended }

    /// Orders what is due. The shell answers `.start` with `started` or `ended`.
    package mutating func tick(now: Milliseconds) -> Order? {
        switch state {
        case .waiting(let until) where until <= now:
            return .start
        case .stopping(let killAt) where killAt <= now:
            state = .stopping(killAt: .max)
            return .kill
        default:
            return nil
        }
    }

    package mutating func started(now: Milliseconds) {
        guard case .waiting = state else { return }
        if hasStarted { restarts += 1 }
        hasStarted = true
        state = .running(since: now)
    }

    /// The process ended, or could not be started.
    package mutating func ended(now: Milliseconds) {
        switch state {
        case .running(let since):
            crashesInARow = now - since >= policy.healthyAfter ? 0 : crashesInARow + 1
            state = .waiting(until: now + policy.pause(afterCrashes: crashesInARow))
        case .waiting(let until) where until <= now:
            crashesInARow = max(crashesInARow, policy.immediateStarts) + 1
            state = .waiting(until: now + policy.pause(afterCrashes: crashesInARow))
        case .stopping:
            state = .ended
        case .waiting, .ended:
            break
        }
    }

    /// Asks for an orderly end within `grace`.
    package mutating func stop(now: Milliseconds, grace: Milliseconds) -> Order? {
        switch state {
        case .waiting:
            state = .ended
            return nil
        case .running:
            state = .stopping(killAt: now + grace)
            return .terminate
        case .stopping(let killAt):
            state = .stopping(killAt: min(killAt, now + grace))
            return nil
        case .ended:
            return nil
        }
    }
}
