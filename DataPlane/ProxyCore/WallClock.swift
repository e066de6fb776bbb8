import Glibc
import HTTPCore

/// The time of day to the millisecond, for logs and templates.
enum WallClock {
    /// As `$msec` has it.
    static func writeSeconds(to writer: inout ByteWriter) {
        let time = now()
        writer.append(secondsFromMilliseconds: UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec / 1_000_000))
    }

    /// As `$time_iso8601` has it.
    static func writeISO8601(to writer: inout ByteWriter) {
        var time = now()
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        writer.append(decimal: UInt64(parts.tm_year + 1_900), digits: 4)
        for (separator, part) in [
            ("-" as StaticString, parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour), (":", parts.tm_min),
            (":", parts.tm_sec),
        ] {
            writer.append(separator)
            writer.append(decimal: UInt64(part), digits: 2)
        }
        writer.append("+00:00")
    }

    private static func now() -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time
    }
}
