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

    package init(store: SnapshotStore) {
        self.store = store
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

    /// Makes the next version one of a new epoch, above `version`.
    /// - Returns: false where there is no such epoch.
    func startEpoch(above version: Version) -> Bool {
        // The store's integers are signed, and an epoch that large is no epoch that anybody counted to.
        guard version.epoch < 1 << 62 else { return false }
        last = Version(epoch: max(version.epoch, last.epoch) + 1, sequence: 0)
        reserve(waits: false)
        return true
    }

    /// Gives back what was reserved and not used. To be called last.
    package func finish() { store.reserve(through: last) }

    private func reserve(waits: Bool) {
        reserved = Version(epoch: last.epoch, sequence: last.sequence + VersionAllocator.range)
        store.reserve(through: reserved, waits: waits)
    }
}
