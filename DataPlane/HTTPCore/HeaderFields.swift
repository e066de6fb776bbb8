/// One header field of a parsed head, as offsets into the bytes that were parsed.
package struct HeaderField: Sendable {
    /// What a forwarding proxy has to know about the field beside its identifier.
    package struct Flags: OptionSet, Sendable {
        package var rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Meant for this connection only: by definition, or because Connection names it.
        package static let hopByHop = Flags(rawValue: 1)
        /// The name holds an underscore.
        package static let underscore = Flags(rawValue: 2)
        /// The name is a token, though with characters other than letters, digits, hyphens and underscores.
        package static let unusualName = Flags(rawValue: 4)
    }

    package var nameStart: UInt32
    package var nameCount: UInt16
    package var id: KnownHeader
    package var flags: Flags
    package var valueStart: UInt32
    package var valueCount: UInt32

    package var name: ByteRange { ByteRange(start: nameStart, count: UInt32(nameCount)) }
    /// Without the blanks around it.
    package var value: ByteRange { ByteRange(start: valueStart, count: valueCount) }
}

/// The header fields of one head, in order. Allocated once and reused for every head.
///
/// Raw memory, because an array of a class costs a uniqueness check and a reference count for each field appended;
/// every access is checked against `count`.
package final class HeaderFields {
    private let storage: UnsafeMutablePointer<HeaderField>
    private let firstIndexes: UnsafeMutablePointer<UInt16>
    private let names = HeaderNameTable.shared
    package let capacity: Int
    package private(set) var count = 0
    /// The known fields that are present.
    package private(set) var present = KnownHeaderSet()
    /// The known fields that are present more than once.
    package private(set) var repeated = KnownHeaderSet()
    /// Every flag that some field carries.
    package private(set) var allFlags: HeaderField.Flags = []

    package init(capacity: Int) {
        precondition(capacity > 0 && capacity <= Int(UInt16.max))
        self.capacity = capacity
        storage = .allocate(capacity: capacity)
        firstIndexes = .allocate(capacity: 64)
        firstIndexes.initialize(repeating: 0, count: 64)
    }

    deinit {
        storage.deallocate()
        firstIndexes.deallocate()
    }

    package subscript(index: Int) -> HeaderField {
        precondition(index >= 0 && index < count)
        return storage[index]
    }

    /// The index of the first field of that kind, or nil.
    package func firstIndex(of header: KnownHeader) -> Int? {
        present.contains(header) ? Int(firstIndexes[Int(header.rawValue) & 63]) : nil
    }

    /// The value of the first field of that kind, or nil.
    package func value(of header: KnownHeader) -> ByteRange? {
        firstIndex(of: header).map { self[$0].value }
    }

    func removeAll() {
        count = 0
        present = KnownHeaderSet()
        repeated = KnownHeaderSet()
        allFlags = []
    }

    func markHopByHop(at index: Int) {
        precondition(index >= 0 && index < count)
        storage[index].flags.insert(.hopByHop)
        allFlags.insert(.hopByHop)
    }

    /// - Returns: false where there is no room for one more.
    @inline(__always)
    func append(_ field: HeaderField) -> Bool {
        guard count < capacity else { return false }
        (storage + count).initialize(to: field)
        let bit = 1 &<< UInt64(field.id.rawValue)
        if present.bits & bit == 0 {
            firstIndexes[Int(field.id.rawValue) & 63] = UInt16(truncatingIfNeeded: count)
        } else {
            repeated.bits |= bit
        }
        present.bits |= bit
        allFlags.formUnion(field.flags)
        count &+= 1
        return true
    }

    @inline(__always)
    func identify(_ words: HeaderNameWords, count: Int) -> KnownHeader { names.lookup(words, count: count) }
}
