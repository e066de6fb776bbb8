import KubernetesAPI
import Logging
import Synchronization

/// Takes part in an election until it is stopped.
package final class LeaderElector: Sendable {
    package let leadership = Leadership()
    private let identity: String
    private let timing: LeaseTiming
    private let store: any LeaseStore
    private let logger: Logger
    private let changed: @Sendable (Leadership.State) -> Void
    private let work = Mutex<Work>(Work())
    private let alarm = Alarm()

    private struct Work {
        var task: Task<LeaseElection, Never>?
        var leastTransitions = 0
        var ends = false
    }

    /// - Parameters:
    ///   - identity: unique among those who take part.
    ///   - changed: called with every change of leader, of its transitions, or of whether this one leads; not after
    ///     every renewal. It must not block.
    package init(
        identity: String, timing: LeaseTiming, store: any LeaseStore, logger: Logger,
        changed: @escaping @Sendable (Leadership.State) -> Void
    ) {
        self.identity = identity
        self.timing = timing
        self.store = store
        self.logger = logger
        self.changed = changed
    }

    package func start() {
        work.withLock { work in
            guard work.task == nil else { return }
            work.task = Task { [self] in await run() }
        }
    }

    /// Asks that the Lease's transitions be at least so many, once this one leads.
    package func require(transitions: Int) {
        work.withLock { $0.leastTransitions = max($0.leastTransitions, transitions) }
        alarm.ring()
    }

    /// Ends, and gives the Lease back if this one leads.
    package func stop() async {
        let task = work.withLock { work in
            defer { work.task = nil }
            work.ends = true
            return work.task
        }
        // What is under way is waited for: a renewal that is cut off may have been made, and could not be taken back.
        alarm.ring()
        guard var election = await task?.value else { return }
        let order = election.release(now: .now, time: KubernetesTime.micro(KubernetesTime.now))
        show(election)
        guard case .replace(let lease, let record) = order else { return }
        if case .written = await store.replace(lease, with: record) {
            logger.info("gave the lease back")
        } else {
            logger.warning("could not give the lease back; others take it when its time is over")
        }
    }

    // MARK: The loop

    private func run() async -> LeaseElection {
        var election = LeaseElection(identity: identity, timing: timing, now: .now)
        var failure: String?
        while true {
            let (ends, leastTransitions) = work.withLock { ($0.ends, $0.leastTransitions) }
            if ends { return election }
            election.require(transitions: leastTransitions, now: .now)
            let order = election.next(now: .now, time: KubernetesTime.micro(KubernetesTime.now))
            show(election)
            guard let outcome = await perform(order) else { continue }
            failure = note(outcome, after: failure)
            election.take(outcome, now: .now, jitter: Double.random(in: 0...1))
            show(election)
        }
    }

    /// Logs what goes wrong once, however often it does.
    /// - Returns: what goes wrong now.
    private func note(_ outcome: LeaseOutcome, after failure: String?) -> String? {
        guard case .failed(let reason) = outcome else {
            if failure != nil { logger.info("leader election: the API server answers again") }
            return nil
        }
        if reason != failure { logger.warning("leader election: \(reason)") }
        return reason
    }

    /// - Returns: nil after a rest.
    private func perform(_ order: LeaseElection.Order) async -> LeaseOutcome? {
        switch order {
        case .rest(let until):
            await alarm.wait(until: until)
            return nil
        case .read: return await store.read()
        case .create(let record): return await store.create(record)
        case .replace(let lease, let record): return await store.replace(lease, with: record)
        }
    }

    private func show(_ election: LeaseElection) {
        let now = ContinuousClock.now
        let state = Leadership.State(
            leadsUntil: election.leads(at: now) ? election.leadsUntil : nil, holder: election.holder,
            transitions: election.transitions)
        let before = leadership.replace(state)
        let (led, leads) = (before.leadsUntil != nil, state.leadsUntil != nil)
        if led == leads, before.holder == state.holder, before.transitions == state.transitions { return }
        if leads != led { logger.info(leads ? "leading now" : "no longer leading") }
        if before.holder != state.holder, !state.holder.isEmpty { logger.info("the leader is \(state.holder)") }
        changed(state)
    }
}
