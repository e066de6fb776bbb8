/// What a Lease says: the fields of `coordination.k8s.io/v1` that leader election uses.
package struct LeaseRecord: Hashable, Sendable {
    /// Empty where nobody leads.
    package var holder: String
    /// How long the others wait after the last change that they saw, in seconds.
    package var durationSeconds: Int
    /// RFC 3339 with microseconds, as written. The clocks of other machines are never compared with ours.
    package var acquireTime: String
    package var renewTime: String
    /// How often the Lease went from one holder to another.
    package var transitions: Int

    package init(holder: String, durationSeconds: Int, acquireTime: String, renewTime: String, transitions: Int) {
        self.holder = holder
        self.durationSeconds = durationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.transitions = transitions
    }

    /// The Kubernetes API holds it in 32 bits.
    package static let highestTransitions = Int(Int32.max)
}

/// A Lease as the API server holds it.
package struct StoredLease: Hashable, Sendable {
    package var record: LeaseRecord
    /// The whole object as JSON, which keeps what others wrote into it, its `resourceVersion` among them.
    package var object: String

    package init(record: LeaseRecord, object: String) {
        self.record = record
        self.object = object
    }
}

/// How one request about the Lease ended.
package enum LeaseOutcome: Hashable, Sendable {
    case found(StoredLease)
    case missing
    case written(StoredLease)
    /// Somebody else wrote first.
    case conflict
    case failed(String)
}

/// Reads and writes the one Lease of an election.
package protocol LeaseStore: Sendable {
    /// `found`, `missing` or `failed`.
    func read() async -> LeaseOutcome
    /// `written`, `conflict` where it exists by now, or `failed`.
    func create(_ record: LeaseRecord) async -> LeaseOutcome
    /// `written`, `conflict` where it is no longer as it was found, or `failed`.
    func replace(_ lease: StoredLease, with record: LeaseRecord) async -> LeaseOutcome
}
