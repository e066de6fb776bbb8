/// Memory that a connection holds while bytes wait in it, and no longer.
///
/// A plain handle on memory that its owner gives back to the pool: an idle connection owns none. `start..<end` holds
/// bytes; every access is checked against the capacity.
package struct PooledBuffer {
    fileprivate(set) var base: UnsafeMutableRawPointer?
    // Narrow, because idle connections carry empty handles.
    private var capacityCount: UInt32 = 0
    private var startOffset: UInt32 = 0
    private var endOffset: UInt32 = 0

    package fileprivate(set) var capacity: Int {
        get { Int(capacityCount) }
        set { capacityCount = UInt32(newValue) }
    }

    private var start: Int {
        get { Int(startOffset) }
        set { startOffset = UInt32(newValue) }
    }

    private var end: Int {
        get { Int(endOffset) }
        set { endOffset = UInt32(newValue) }
    }

    package init() {}

    package var isEmpty: Bool { start == end }
    package var count: Int { end - start }
    /// Whether it has memory.
    package var isAllocated: Bool { base != nil }
    package var room: Int { capacity - end }

    /// The bytes held. Valid until the buffer grows or is given back.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0 + start) }, count: end - start)
    }

    /// The memory after the bytes held.
    package var space: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base.map { $0 + end }, count: capacity - end)
    }

    /// All the memory.
    package var memory: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: capacity) }

    /// Counts bytes that were written into `space`.
    package mutating func produced(_ count: Int) {
        precondition(count >= 0 && count <= capacity - end)
        end += count
    }

    /// Drops bytes from the front.
    package mutating func consumed(_ count: Int) {
        precondition(count >= 0 && count <= end - start)
        start += count
        if start == end { (start, end) = (0, 0) }
    }

    package mutating func removeAll() { (start, end) = (0, 0) }

    /// Moves the bytes to the front of the memory.
    fileprivate mutating func compact() {
        guard start > 0, let base else { return }
        base.copyMemory(from: base + start, byteCount: end - start)
        end -= start
        start = 0
    }
}

/// A loop's buffers, by size; freed ones are kept for reuse up to a bound.
package final class BufferPool {
    private static let sizes = [2 << 10, 8 << 10, 32 << 10, 160 << 10]
    private static let kept = [1_024, 512, 64, 16]
    @exclusivity(unchecked) private var free: [[UnsafeMutableRawPointer]]
    /// Bytes in buffers that are in use.
    @exclusivity(unchecked) package private(set) var bytesInUse = 0

    package init() {
        free = BufferPool.kept.map { bound in
            var list: [UnsafeMutableRawPointer] = []
            list.reserveCapacity(bound)
            return list
        }
    }

    deinit {
        for list in free { for pointer in list { pointer.deallocate() } }
    }

    /// An empty buffer of at least `count` bytes.
    package func take(_ count: Int) -> PooledBuffer {
        var buffer = PooledBuffer()
        allocate(count, into: &buffer)
        return buffer
    }

    /// Gives the memory back; `buffer` has none afterwards.
    package func give(_ buffer: inout PooledBuffer) {
        guard let base = buffer.base else { return }
        bytesInUse -= buffer.capacity
        if let size = BufferPool.sizes.firstIndex(of: buffer.capacity), free[size].count < BufferPool.kept[size] {
            free[size].append(base)
        } else {
            base.deallocate()
        }
        buffer = PooledBuffer()
    }

    /// Appends `bytes`, growing the buffer where needed.
    package func append(_ bytes: UnsafeRawBufferPointer, to buffer: inout PooledBuffer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count, in: &buffer)
        buffer.space.baseAddress!.copyMemory(from: source, byteCount: bytes.count)
        buffer.produced(bytes.count)
    }

    /// Makes room for `count` more bytes.
    package func reserve(_ count: Int, in buffer: inout PooledBuffer) {
        if buffer.room >= count { return }
        buffer.compact()
        if buffer.room >= count { return }
        var larger = take(max(buffer.count + count, buffer.capacity < 160 << 10 ? 0 : buffer.capacity * 2))
        larger.space.copyMemory(from: buffer.bytes)
        larger.produced(buffer.count)
        give(&buffer)
        buffer = larger
    }

    private func allocate(_ count: Int, into buffer: inout PooledBuffer) {
        for index in BufferPool.sizes.indices where count <= BufferPool.sizes[index] {
            let size = BufferPool.sizes[index]
            buffer.base = free[index].popLast() ?? .allocate(byteCount: size, alignment: 16)
            buffer.capacity = size
            bytesInUse += size
            return
        }
        buffer.base = .allocate(byteCount: count, alignment: 16)
        buffer.capacity = count
        bytesInUse += count
    }
}
