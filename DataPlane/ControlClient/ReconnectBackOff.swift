/// How long to wait before the next attempt to connect: doubling from 50 ms to 2 s, each with a random part, so that
/// many workers do not come back in step.
package struct ReconnectBackOff: Sendable {
    private var milliseconds = 0

    package static let firstMilliseconds = 50
    package static let longestMilliseconds = 2_000

    package init() {}

    /// - Parameter random: any number; a half of the wait depends on it.
    /// - Returns: milliseconds to wait.
    package mutating func next(random: UInt64) -> Int {
        milliseconds =
            milliseconds == 0
            ? ReconnectBackOff.firstMilliseconds : min(2 * milliseconds, ReconnectBackOff.longestMilliseconds)
        return milliseconds / 2 + Int(random % UInt64(milliseconds / 2 + 1))
    }

    /// The connection works: the next wait is a short one again.
    package mutating func reset() { milliseconds = 0 }
}
