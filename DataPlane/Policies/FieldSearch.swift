import Glibc
import HTTPCore

/// Finding field lines in the text of a head, for those who ask for one or two of them.
package enum FieldSearch {
    /// The value of the first field called `name` at or behind `offset`, and where its line ends.
    package static func next(
        _ name: UnsafeRawBufferPointer, in head: UnsafeRawBufferPointer, from offset: Int = 0
    ) -> (value: UnsafeRawBufferPointer, end: Int)? {
        guard let base = head.baseAddress, !name.isEmpty else { return nil }
        var start = offset
        while start < head.count {
            let found = memchr(base + start, 10, head.count - start)
            let end = found.map { $0 - UnsafeMutableRawPointer(mutating: base) } ?? head.count
            let colon = start + name.count
            if colon < end, head[colon] == UInt8(ascii: ":"),
                isEqualIgnoringCase(UnsafeRawBufferPointer(rebasing: head[start..<colon]), name)
            {
                return (trimmed(head, colon + 1, end), end + 1)
            }
            start = end + 1
        }
        return nil
    }

    package static func value(
        of name: UnsafeRawBufferPointer, in head: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        next(name, in: head)?.value
    }

    package static func value(of name: StaticString, in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        value(of: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), in: head)
    }

    private static func trimmed(_ head: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        var (first, last) = (start, end)
        while first < last, head[first] <= 0x20 { first += 1 }
        while last > first, head[last - 1] <= 0x20 { last -= 1 }
        return UnsafeRawBufferPointer(rebasing: head[first..<last])
    }
}
