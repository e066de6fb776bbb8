import PorticoModel
import SnapshotStore

/// Gives out versions, each higher than all before it, those before a crash included. The publishers of all class groups
/// share one, so a version names one configuration.
///
/// A range of sequence numbers is reserved on disk before the first of it is used, and the next range while there is still
/// room, so a version never waits for the disk. After a crash the numbers go on above the range; a regular end gives the
/// rest of it back.
package final class VersionAllocator {
    private static let range: UInt64 = 100

    private let store: SnapshotStore
    /// The last version that was given out.
    package private(set) var last: Version
    private var reserved: Version
    /// Where an election gives epochs out: the highest that is known to be. Nil where they rise as they are needed.
    private var knownEpoch: UInt64?

    /// - Parameter followsElection: only `adopt` begins epochs, for another replica may be ahead of this one.
    package init(store: SnapshotStore, followsElection: Bool = false) {
        self.store = store
        knownEpoch = followsElection ? 0 : nil
        let floor = (try? store.floor()) ?? .none
        last = floor.epoch == 0 ? Version(epoch: 1, sequence: 0) : floor
        reserved = last
        reserve(waits: true)
    }

    func next() -> Version {
        last.sequence += 1
        if last.sequence + VersionAllocator.range / 2 > reserved.sequence { reserve(waits: false) }
        return last
    }

    /// A history that could not be read at the start has used versions up to this one.
    func resume(after floor: Version) { if floor > last { begin(floor) } }

    /// The epoch that the election has come to: later versions are of this one, unless some of a higher were given out
    /// before. Where the Lease was lost, its counting begins anew, and the leader has to raise it to `last.epoch`.
    package func adopt(epoch: UInt64) {
        knownEpoch = max(knownEpoch ?? 0, epoch)
        if epoch > last.epoch { begin(Version(epoch: epoch, sequence: 0)) }
    }

    /// Makes the next version one above `version`: in a new epoch, or, where an election gives epochs out, in the
    /// present one.
    /// - Returns: false where this cannot be: nobody counted so far, or the election is not known to have come to that
    ///   epoch, so that a newer leader may be at work.
    func rise(above version: Version) -> Bool {
        // The store's integers are signed.
        let limit: UInt64 = 1 << 62
        guard version.epoch < limit, version.sequence < limit || knownEpoch == nil else { return false }
        guard let knownEpoch else {
            begin(Version(epoch: max(version.epoch, last.epoch) + 1, sequence: 0))
            return true
        }
        guard version.epoch <= max(knownEpoch, last.epoch) else { return false }
        if version > last { begin(version) }
        return true
    }

    private func begin(_ version: Version) {
        last = version
        reserve(waits: false)
    }

    /// Gives back what was reserved and not used. To be called last.
    package func finish() { store.reserve(through: last) }

    private func reserve(waits: Bool) {
        reserved = Version(epoch: last.epoch, sequence: last.sequence + VersionAllocator.range)
        store.reserve(through: reserved, waits: waits)
    }
}
