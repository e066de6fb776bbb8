/// Values that never change, in raw memory: an array costs a reference count with each read from a class, which at
/// several reads per request was a fifth of what matching costs. Every read is checked against the count. The object that
/// owns a buffer deallocates it in its `deinit`.
struct FrozenBuffer<Element: BitwiseCopyable> {
    private let storage: UnsafeMutablePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        count = elements.count
        storage = .allocate(capacity: elements.count)
        storage.initialize(from: elements, count: elements.count)
    }

    func deallocate() { storage.deallocate() }

    @inline(__always)
    subscript(index: Int) -> Element {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
        return storage[index]
    }

    /// Valid as long as the owner is.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage, count: count &* MemoryLayout<Element>.stride)
    }
}
