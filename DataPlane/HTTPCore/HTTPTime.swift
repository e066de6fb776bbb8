/// Calendar fields of a moment in UTC, for the formats of headers and logs.
package struct HTTPTime: Hashable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    /// 0 is Sunday.
    package let weekday: Int

    /// - Parameter epochSeconds: seconds since 1970, not negative.
    package init(epochSeconds: Int) {
        let days = epochSeconds / 86_400
        let seconds = epochSeconds % 86_400
        (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
        weekday = (days + 4) % 7
        // Years counted from March, so that the leap day is the last of its year; 400 years are 146,097 days.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    private static let weekdays: StaticString = "SunMonTueWedThuFriSat"

    private static func name(_ index: Int, of names: StaticString) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index * 3 + 3 <= names.utf8CodeUnitCount)
        return UnsafeRawBufferPointer(start: names.utf8Start + index * 3, count: 3)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7): 29 bytes.
    package func writeDate(to writer: inout ByteWriter) {
        writer.append(Self.name(weekday, of: Self.weekdays))
        writer.append(", ")
        writer.append(decimal: UInt64(day), digits: 2)
        writer.append(UInt8(ascii: " "))
        writer.append(Self.name(month - 1, of: Self.months))
        writer.append(UInt8(ascii: " "))
        writer.append(decimal: UInt64(year), digits: 4)
        writer.append(UInt8(ascii: " "))
        writeClock(to: &writer)
        writer.append(" GMT")
    }

    /// `06/Nov/1994:08:49:37 +0000`, the time of access logs: 26 bytes.
    package func writeLogTime(to writer: inout ByteWriter) {
        writer.append(decimal: UInt64(day), digits: 2)
        writer.append(UInt8(ascii: "/"))
        writer.append(Self.name(month - 1, of: Self.months))
        writer.append(UInt8(ascii: "/"))
        writer.append(decimal: UInt64(year), digits: 4)
        writer.append(UInt8(ascii: ":"))
        writeClock(to: &writer)
        writer.append(" +0000")
    }

    private func writeClock(to writer: inout ByteWriter) {
        writer.append(decimal: UInt64(hour), digits: 2)
        writer.append(UInt8(ascii: ":"))
        writer.append(decimal: UInt64(minute), digits: 2)
        writer.append(UInt8(ascii: ":"))
        writer.append(decimal: UInt64(second), digits: 2)
    }
}

/// The two time texts that every response and log line needs, formatted once a second.
package final class HTTPTimeCache {
    private let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    private var epochSeconds = -1

    package init() { update(epochSeconds: 0) }

    deinit { storage.deallocate() }

    /// Cheap where the second has not changed.
    package func update(epochSeconds: Int) {
        guard epochSeconds != self.epochSeconds, epochSeconds >= 0 else { return }
        self.epochSeconds = epochSeconds
        let time = HTTPTime(epochSeconds: epochSeconds)
        var date = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: storage[0..<29]))
        time.writeDate(to: &date)
        var logTime = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: storage[32..<58]))
        time.writeLogTime(to: &logTime)
    }

    /// The value of a Date field. Valid until the next `update`.
    package var date: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[0..<29]) }
    /// The time of an access log line, without brackets. Valid until the next `update`.
    package var logTime: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[32..<58]) }
}
