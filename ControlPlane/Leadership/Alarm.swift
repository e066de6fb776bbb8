import Synchronization

/// A wait that others can end.
package final class Alarm: Sendable {
    private struct State {
        var rings = false
        var sleep: Task<Void, any Error>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Ends the present wait, or the next one if there is none.
    package func ring() {
        state.withLock { state in
            state.rings = true
            state.sleep?.cancel()
        }
    }

    /// Returns when the time has come or the alarm rings. One task waits at a time.
    package func wait(until end: ContinuousClock.Instant) async {
        let sleep = state.withLock { state -> Task<Void, any Error>? in
            guard !state.rings else { return nil }
            let sleep = Task { try await Task.sleep(until: end) }
            state.sleep = sleep
            return sleep
        }
        _ = await sleep?.result
        state.withLock { state in
            state.rings = false
            state.sleep = nil
        }
    }
}
