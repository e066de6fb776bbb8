import Glibc

/// The form of time in a Lease and in an Event: RFC 3339 in UTC.
package enum KubernetesTime {
    /// To the microsecond: `2026-11-21T08:30:00.123456Z`.
    package static func micro(_ time: timespec) -> String {
        seconds(time.tv_sec) + "." + padded(Int(time.tv_nsec) / 1_000, 6) + "Z"
    }

    /// To the second: `2026-11-21T08:30:00Z`.
    package static func second(_ time: timespec) -> String { seconds(time.tv_sec) + "Z" }

    /// The wall clock.
    package static var now: timespec {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time
    }

    private static func seconds(_ seconds: Int) -> String {
        var time = seconds
        var parts = tm()
        gmtime_r(&time, &parts)
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-"
            + padded(Int(parts.tm_mday), 2)
        let clock = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(date)T\(clock)"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
