/// Memory that a connection holds while bytes wait in it, and no longer.
///
/// A plain handle on memory that its owner gives back to the pool: an idle connection owns none. `start..<end` holds
/// bytes; every access is checked against the capacity.
@usableFromInline
package struct PooledBuffer {
    @usableFromInline fileprivate(set) var base: UnsafeMutableRawPointer?
    // Narrow, because idle connections carry empty handles.
    @usableFromInline fileprivate(set) var capacityCount: UInt32 = 0
    @usableFromInline private(set) var start: UInt32 = 0
    @usableFromInline private(set) var end: UInt32 = 0

    @inlinable
    package init() {}

    @inlinable
    package var capacity: Int { Int(capacityCount) }
    @inlinable
    package var isEmpty: Bool { start == end }
    @inlinable
    package var count: Int { Int(end) - Int(start) }
    /// Whether it has memory.
    @inlinable
    package var isAllocated: Bool { base != nil }
    @inlinable
    package var room: Int { Int(capacityCount) - Int(end) }

    /// The bytes held. Valid until the buffer grows or is given back.
    @inlinable
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0 + Int(start)) }, count: count)
    }

    /// The memory after the bytes held.
    @inlinable
    package var space: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base.map { $0 + Int(end) }, count: room)
    }

    /// All the memory.
    package var memory: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: capacity) }

    /// Counts bytes that were written into `space`.
    package mutating func produced(_ count: Int) {
        precondition(count >= 0 && count <= room)
        end += UInt32(count)
    }

    /// Drops bytes from the front.
    package mutating func consumed(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        start += UInt32(count)
        if start == end { removeAll() }
    }

    package mutating func removeAll() { (start, end) = (0, 0) }

    /// Moves the bytes to the front of the memory.
    fileprivate mutating func compact() {
        guard start > 0, let base else { return }
        base.copyMemory(from: base + Int(start), byteCount: count)
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
            buffer.capacityCount = UInt32(size)
            bytesInUse += size
            return
        }
        buffer.base = .allocate(byteCount: count, alignment: 16)
        buffer.capacityCount = UInt32(count)
        bytesInUse += count
    }
}
