import Logging
import Synchronization

/// Keeps the replicas of an election to one word about rollbacks, by an annotation of their Lease, until it is stopped.
///
/// Every replica reads the Lease as often as an election does. Whoever has something to say writes it with the version that
/// it read, so no word is lost to another writer.
package final class PinExchange: Sendable {
    private struct State {
        var board: PinBoard
        var task: Task<Void, Never>?
        var ends = false
    }

    private let store: any LeaseStore
    private let period: Duration
    private let logger: Logger
    private let heard: @Sendable ([String: PinWord]) -> Void
    private let state: Mutex<State>
    private let alarm = Alarm()

    /// - Parameters:
    ///   - period: between two looks at the Lease.
    ///   - heard: called with every look that succeeded, with the words in force. It must not block.
    package init(
        replica: String, store: any LeaseStore, period: Duration, logger: Logger,
        heard: @escaping @Sendable ([String: PinWord]) -> Void
    ) {
        self.store = store
        self.period = period
        self.logger = logger
        self.heard = heard
        state = Mutex(State(board: PinBoard(replica: replica)))
    }

    package func start() {
        state.withLock { state in
            guard state.task == nil else { return }
            state.task = Task { [self] in await run() }
        }
    }

    /// Ends. What was said last is still told, if the API server hears it.
    package func stop() async {
        let task = state.withLock { state in
            state.ends = true
            return state.task.take()
        }
        alarm.ring()
        await task?.value
    }

    /// Tells the others what was pinned here, or, with nil, that it was ended.
    package func say(_ classGroup: String, _ pin: PinWord.Pin?) {
        state.withLock { $0.board.say(classGroup, pin) }
        alarm.ring()
    }

    // MARK: The loop

    private func run() async {
        while true {
            let (ends, hasNews) = state.withLock { ($0.ends, $0.board.hasNews) }
            if ends, !hasNews { return }
            let isWritten = await exchange()
            if ends { return }
            let jitter = 1 + LeaseTiming.jitterFactor * Double.random(in: 0...1)
            await alarm.wait(until: .now + (isWritten ? period * jitter : .milliseconds(100)))
        }
    }

    /// - Returns: false where another was faster, so that it is to be done again soon.
    private func exchange() async -> Bool {
        guard case .found(let lease) = await store.read(), let found = PinCodec.words(lease) else { return true }
        let (words, news) = state.withLock { state in
            let news = state.board.read(found)
            return (state.board.words, news)
        }
        heard(words)
        guard let news, let told = PinCodec.lease(lease, with: news) else { return true }
        switch await store.replace(told, with: told.record) {
        case .written:
            state.withLock { $0.board.wrote(news) }
            return true
        case .failed(let reason):
            logger.warning("the other replicas are not told of the rollback yet: \(reason)")
            return true
        default: return false
        }
    }
}
