/// The protocols that one side of a link speaks.
package struct ProtocolRange: Hashable, Sendable, CustomStringConvertible {
    package let minimum: UInt32
    package let maximum: UInt32

    package init(minimum: UInt32, maximum: UInt32) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// What this build speaks.
    package static let current = ProtocolRange(minimum: 1, maximum: 1)

    /// The highest protocol that both sides speak; nil when there is none.
    package func common(with other: ProtocolRange) -> UInt32? {
        let highest = min(maximum, other.maximum)
        return highest >= max(1, minimum, other.minimum) ? highest : nil
    }

    package var description: String { "\(minimum) to \(maximum)" }
}
