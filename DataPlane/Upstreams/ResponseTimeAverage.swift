import Glibc

/// A moving average of an endpoint's response times, in milliseconds, that rises at once with a slow answer and fades with
/// time (peak EWMA).
package struct ResponseTimeAverage {
    /// Time in which old answers lose most of their weight.
    private static let decayMilliseconds = 10_000.0

    private var average = 0.0
    private var touchedAt: UInt64 = 0
    package private(set) var hasValue = false

    package init() {}

    /// The average as it counts at that time: an endpoint that was not asked for long gets another chance.
    package func score(at milliseconds: UInt64) -> Double {
        average * Self.weight(since: touchedAt, at: milliseconds)
    }

    package mutating func add(_ responseMilliseconds: Double, at milliseconds: UInt64) {
        let weight = hasValue ? Self.weight(since: touchedAt, at: milliseconds) : 0
        average = average * weight + responseMilliseconds * (1 - weight)
        touchedAt = milliseconds
        hasValue = true
    }

    private static func weight(since earlier: UInt64, at milliseconds: UInt64) -> Double {
        exp(-Double(milliseconds > earlier ? milliseconds - earlier : 0) / decayMilliseconds)
    }
}
