import Synchronization

/// Whether this replica leads, as everything that writes to the cluster asks before each write.
package final class Leadership: Sendable {
    package struct State: Hashable, Sendable {
        /// Nil while this one does not lead; the end moves on with each renewal.
        package var leadsUntil: ContinuousClock.Instant?
        /// The holder as last seen; empty where there is none or none is known.
        package var holder = ""
        /// `leaseTransitions` as last seen.
        package var transitions: Int?
    }

    private let shared: Mutex<State>
    private let isAlone: Bool

    /// - Parameter isAlone: there is no election, and this one always leads.
    package init(isAlone: Bool = false) {
        self.isAlone = isAlone
        shared = Mutex(State())
    }

    /// True only within the deadline of the last renewal, whatever has happened since to the thread that renews.
    package var mayWrite: Bool {
        isAlone || shared.withLock { $0.leadsUntil.map { ContinuousClock.now < $0 } ?? false }
    }

    package var state: State { shared.withLock { $0 } }

    /// The epoch of versions; nil where there is no election, or nothing is known of it yet.
    package var epoch: UInt64? { state.transitions.map(Leadership.epoch) }

    /// No version has epoch 0, and a Lease begins with 0 transitions.
    package static func epoch(transitions: Int) -> UInt64 { UInt64(max(0, transitions)) + 1 }

    /// - Returns: the state before.
    func replace(_ state: State) -> State {
        shared.withLock { shared in
            defer { shared = state }
            return shared
        }
    }
}
