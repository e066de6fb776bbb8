/// The name of one published snapshot, written `epoch.sequence` everywhere.
///
/// The epoch rises with every change of leadership, so a deposed leader's version never wins over its successor's.
package struct Version: Hashable, Comparable, Sendable {
    package var epoch: UInt64
    package var sequence: UInt64

    package init(epoch: UInt64, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Older than every published version.
    package static let none = Version(epoch: 0, sequence: 0)

    package static func < (left: Version, right: Version) -> Bool {
        (left.epoch, left.sequence) < (right.epoch, right.sequence)
    }
}

extension Version: LosslessStringConvertible {
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = UInt64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(epoch: epoch, sequence: sequence)
    }

    package var description: String { "\(epoch).\(sequence)" }
}
