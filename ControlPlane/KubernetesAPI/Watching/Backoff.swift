/// Growing, jittered pauses between attempts.
///
/// An attempt that lasted long counts as a success, and the pauses begin anew.
package struct Backoff: Sendable {
    package var firstSeconds = 0.2
    package var longestSeconds = 30.0
    private var nextSeconds: Double?

    package init(firstSeconds: Double = 0.2, longestSeconds: Double = 30) {
        self.firstSeconds = firstSeconds
        self.longestSeconds = longestSeconds
    }

    package mutating func reset() { nextSeconds = nil }

    /// - Parameter random: within 0..<1.
    /// - Returns: seconds to wait, between half of the step and all of it.
    package mutating func pause(random: Double) -> Double {
        let step = nextSeconds ?? firstSeconds
        nextSeconds = min(step * 2, longestSeconds)
        return step * (0.5 + random / 2)
    }
}
