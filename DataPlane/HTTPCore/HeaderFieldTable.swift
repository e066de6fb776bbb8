/// The working form of `HeaderFields`, which parsers keep in a local variable.
///
/// Raw memory, because an array costs a uniqueness check for each field appended; every access is checked against
/// `count`. A copy shares the memory: whoever writes through one copy puts it back before another is used.
@usableFromInline
struct HeaderFieldTable {
    @usableFromInline
    let storage: UnsafeMutablePointer<HeaderField>
    @usableFromInline
    let firstIndexes: UnsafeMutablePointer<UInt16>
    private let names = HeaderNameTable.shared.reader
    @usableFromInline
    let capacity: Int
    @usableFromInline
    var count = 0
    @usableFromInline
    var present = KnownHeaderSet()
    @usableFromInline
    var repeated = KnownHeaderSet()
    @usableFromInline
    var allFlags: HeaderField.Flags = []

    init(capacity: Int) {
        precondition(capacity > 0 && capacity <= Int(UInt16.max))
        self.capacity = capacity
        storage = .allocate(capacity: capacity)
        firstIndexes = .allocate(capacity: 64)
        firstIndexes.initialize(repeating: 0, count: 64)
    }

    func deallocate() {
        storage.deallocate()
        firstIndexes.deallocate()
    }

    @inlinable
    subscript(index: Int) -> HeaderField {
        precondition(index >= 0 && index < count)
        return storage[index]
    }

    @inlinable
    func firstIndex(of header: KnownHeader) -> Int? {
        present.contains(header) ? Int(firstIndexes[Int(header.rawValue) & 63]) : nil
    }

    @inlinable
    func value(of header: KnownHeader) -> ByteRange? {
        firstIndex(of: header).map { self[$0].value }
    }

    mutating func removeAll() {
        count = 0
        present = KnownHeaderSet()
        repeated = KnownHeaderSet()
        allFlags = []
    }

    mutating func markHopByHop(at index: Int) {
        precondition(index >= 0 && index < count)
        storage[index].flags.insert(.hopByHop)
        allFlags.insert(.hopByHop)
    }

    /// - Returns: false where there is no room for one more.
    @inline(__always)
    mutating func append(_ field: HeaderField) -> Bool {
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
