import ClusterState
import Dispatch
import Synchronization

/// Hands updates on at most so often; those that come in between wait and go together.
final class UpdatePacer: Sendable {
    private struct State {
        var waiting: ObjectUpdate?
        var nextAt = DispatchTime.now()
        var isScheduled = false
    }

    private let interval: Double
    private let handler: @Sendable (ObjectUpdate) -> Void
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "portico.updates")

    init(perSecond: Double, handler: @escaping @Sendable (ObjectUpdate) -> Void) {
        interval = 1 / perSecond
        self.handler = handler
    }

    func take(_ update: ObjectUpdate) {
        let dueAt = state.withLock { state in
            if var waiting = state.waiting {
                waiting.changes += update.changes
                if let diagnostics = update.diagnostics { waiting.diagnostics = diagnostics }
                waiting.progress = update.progress
                waiting.stale = update.stale ?? waiting.stale
                state.waiting = waiting
            } else {
                state.waiting = update
            }
            guard !state.isScheduled else { return DispatchTime?.none }
            state.isScheduled = true
            return max(.now(), state.nextAt)
        }
        if let dueAt { queue.asyncAfter(deadline: dueAt) { [self] in release() } }
    }

    private func release() {
        let update = state.withLock { state in
            state.isScheduled = false
            state.nextAt = .now() + interval
            return state.waiting.take()
        }
        if let update { handler(update) }
    }
}
