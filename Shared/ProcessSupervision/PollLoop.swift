import CSystem
import Glibc

/// What a watched descriptor is ready for.
package struct Readiness: OptionSet, Hashable, Sendable {
    package let rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: Int16(POLLIN))
    package static let writable = Readiness(rawValue: Int16(POLLOUT))
    /// The other end is gone, or the descriptor is broken. Always reported.
    package static let closed = Readiness(rawValue: Int16(POLLHUP | POLLERR | POLLNVAL))
}

/// A small loop over poll(2) for processes that supervise: a few descriptors and timers, one thread.
package final class PollLoop {
    private struct Watch {
        var interest: Readiness
        var token: UInt64
        var handler: (Readiness) -> Void
    }

    private struct Timer {
        var due: Milliseconds
        var token: UInt64
        var action: () -> Void
    }

    private var watches: [Int32: Watch] = [:]
    private var timers: [Timer] = []
    private var lastToken: UInt64 = 0
    private var isStopped = false

    package init() {}

    package static var now: Milliseconds {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Milliseconds(time.tv_sec) * 1_000 + Milliseconds(time.tv_nsec) / 1_000_000
    }

    /// Calls `handler` whenever `descriptor` is ready for `interest`; replaces an earlier watch of it.
    package func watch(_ descriptor: Int32, for interest: Readiness, handler: @escaping (Readiness) -> Void) {
        lastToken += 1
        watches[descriptor] = Watch(interest: interest, token: lastToken, handler: handler)
    }

    package func change(_ descriptor: Int32, to interest: Readiness) {
        watches[descriptor]?.interest = interest
    }

    /// Call before the descriptor is closed.
    package func unwatch(_ descriptor: Int32) {
        watches[descriptor] = nil
    }

    package func schedule(at due: Milliseconds, action: @escaping () -> Void) {
        lastToken += 1
        timers.append(Timer(due: due, token: lastToken, action: action))
    }

    package func schedule(after pause: Milliseconds, action: @escaping () -> Void) {
        schedule(at: PollLoop.now + pause, action: action)
    }

    /// Makes `run` return after the present turn.
    package func stop() { isStopped = true }

    package func run() {
        while !isStopped { turn() }
    }

    private func turn() {
        let watched = watches.map { (descriptor: $0.key, token: $0.value.token, interest: $0.value.interest) }
        var entries = watched.map { pollfd(fd: $0.descriptor, events: $0.interest.rawValue, revents: 0) }
        let count = poll(&entries, nfds_t(entries.count), pauseUntilNextTimer())
        if count > 0 {
            for (entry, watch) in zip(entries, watched) where entry.revents != 0 {
                // A handler before this one may have closed the descriptor, or given its number to another.
                guard let current = watches[watch.descriptor], current.token == watch.token else { continue }
                current.handler(Readiness(rawValue: entry.revents))
            }
        }
        runDueTimers()
    }

    private func pauseUntilNextTimer() -> Int32 {
        guard let due = timers.map(\.due).min() else { return -1 }
        return Int32(clamping: max(0, due - PollLoop.now))
    }

    private func runDueTimers() {
        let now = PollLoop.now
        let due = timers.filter { $0.due <= now }.sorted { ($0.due, $0.token) < ($1.due, $1.token) }
        timers.removeAll { $0.due <= now }
        for timer in due { timer.action() }
    }
}
