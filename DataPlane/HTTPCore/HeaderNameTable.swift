/// The first 24 bytes of a header name in lower case, as three words. No known name is longer.
struct HeaderNameWords: Equatable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0

    static let capacity = 24

    /// Lower case for letters; other token characters collide among themselves only, never with a known name, whose
    /// characters are letters and hyphens.
    static let lowercaseBits: UInt64 = 0x2020_2020_2020_2020

    init() {}

    /// - Parameter count: 1 to 24.
    @inline(__always)
    init(_ span: RawSpan, start: Int, count: Int) {
        first = span.partialWord(start, count: count) | Self.lowercaseBits
        if count > 8 { second = span.partialWord(start &+ 8, count: count &- 8) | Self.lowercaseBits }
        if count > 16 { third = span.partialWord(start &+ 16, count: count &- 16) | Self.lowercaseBits }
    }

    /// Adds one byte at `index`, for parsers that see a name byte by byte.
    mutating func set(_ byte: UInt8, at index: Int) {
        let bits = UInt64(byte | 0x20) &<< UInt64(8 &* (index & 7))
        let blank = Self.lowercaseBits
        switch index >> 3 {
        case 0: first = (index & 7 == 0 ? blank : first) | bits
        case 1: second = (index & 7 == 0 ? blank : second) | bits
        case 2: third = (index & 7 == 0 ? blank : third) | bits
        default: break
        }
    }

    @inline(__always)
    func hash(count: Int, multiplier: UInt64) -> Int {
        let mixed = first ^ (second &* 0x9E37_79B9_7F4A_7C15) ^ third ^ UInt64(truncatingIfNeeded: count)
        return Int(truncatingIfNeeded: (mixed &* multiplier) &>> 55)
    }
}

/// A perfect hash of the known header names: one multiplication and one comparison per name.
///
/// Raw memory, because the table is read for every header of every request and never changes after `init`; the two index
/// ranges (9 hash bits, 6 identifier bits) cannot leave their allocations. It lives as long as the process.
final class HeaderNameTable: Sendable {
    fileprivate struct Entry {
        var words = HeaderNameWords()
        var count = 0
    }

    /// What look-ups need, to be kept where they happen.
    struct Reader: @unchecked Sendable {
        fileprivate let multiplier: UInt64
        fileprivate let slots: UnsafePointer<UInt8>
        fileprivate let entries: UnsafePointer<Entry>

        /// - Parameter count: the name's length in bytes, 1 to 24.
        @inline(__always)
        func lookup(_ words: HeaderNameWords, count: Int) -> KnownHeader {
            let identifier = slots[words.hash(count: count, multiplier: multiplier)]
            let entry = entries + Int(identifier)
            guard entry.pointee.count == count, entry.pointee.words == words else { return .other }
            return KnownHeader(rawValue: identifier) ?? .other
        }
    }

    let reader: Reader
    private static let slotCount = 512

    static let shared = HeaderNameTable()

    private init() {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: 64)
        entries.initialize(repeating: Entry(), count: 64)
        for header in KnownHeader.allCases where header != .other {
            let name = header.name
            let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            entries[Int(header.rawValue)] = Entry(
                words: HeaderNameWords(bytes.bytes, start: 0, count: bytes.count), count: bytes.count)
        }
        let slots = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.slotCount)
        var candidate: UInt64 = 0x9E37_79B9_7F4A_7C15
        while !Self.fill(slots, from: entries, multiplier: candidate) {
            candidate = candidate &* 0x5851_F42D_4C95_7F2D &+ 0x1405_7B7E_F767_814F
            candidate |= 1
        }
        reader = Reader(multiplier: candidate, slots: UnsafePointer(slots), entries: UnsafePointer(entries))
    }

    /// - Returns: false where two names share a slot.
    private static func fill(
        _ slots: UnsafeMutablePointer<UInt8>, from entries: UnsafeMutablePointer<Entry>, multiplier: UInt64
    ) -> Bool {
        slots.initialize(repeating: 0, count: slotCount)
        for header in KnownHeader.allCases where header != .other {
            let entry = entries[Int(header.rawValue)]
            let slot = entry.words.hash(count: entry.count, multiplier: multiplier)
            if slots[slot] != 0 { return false }
            slots[slot] = header.rawValue
        }
        return true
    }
}
