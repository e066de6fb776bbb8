import Glibc

/// The time of one turn of the loop: monotonic for deadlines and durations, of day for logs.
package struct LoopClock: Sendable {
    /// Monotonic.
    package private(set) var nanoseconds: UInt64 = 0
    /// Monotonic.
    package private(set) var milliseconds: UInt64 = 0
    /// Seconds since 1970.
    package private(set) var secondsOfDay: Int = 0
    private var nextReading: UInt64 = 0

    package init() { update() }

    /// Reads the clocks; the time of day only every tenth of a second.
    package mutating func update() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        nanoseconds = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        milliseconds = nanoseconds / 1_000_000
        guard milliseconds >= nextReading else { return }
        clock_gettime(CLOCK_REALTIME, &time)
        secondsOfDay = time.tv_sec
        // The next reading falls right after the next second begins.
        nextReading = milliseconds + UInt64(1_000 - time.tv_nsec / 1_000_000)
    }
}
