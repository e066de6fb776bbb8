internal import CPorticoSnapshot
import Glibc
import PorticoModel

/// Memory for one generated message and all it points to, released at once.
///
/// The messages of protobuf-c are trees of C structures. Taking them from a bump allocator makes both directions cheap
/// and leaves nothing to release piece by piece. Pointers are valid as long as the arena is; nothing outlives the
/// function that made the arena.
struct MessageArena: ~Copyable {
    struct State {
        var cursor: UnsafeMutableRawPointer?
        var remaining: Int
        /// The newest chunk; each chunk starts with a pointer to the one before it.
        var chunks: UnsafeMutableRawPointer?
        /// Bytes that may still be taken from the system.
        var budget: Int
    }

    private static let alignment = 16
    private let state: UnsafeMutablePointer<State>

    /// - Parameter budget: how many bytes the arena takes from the system at most.
    init(budget: Int = .max) {
        state = .allocate(capacity: 1)
        state.initialize(to: State(cursor: nil, remaining: 0, chunks: nil, budget: budget))
    }

    /// An arena for reading a message of `byteCount` bytes. Nested messages unfold to more memory than they take on
    /// the wire, by a factor that the schema bounds for any message that we would send.
    init(decoding byteCount: Int) {
        self.init(budget: 64 * byteCount + 64 << 10)
    }

    deinit {
        var chunk = state.pointee.chunks
        while let current = chunk {
            chunk = current.load(as: UnsafeMutableRawPointer?.self)
            free(current)
        }
        state.deallocate()
    }

    /// - Returns: nil when the budget is spent.
    private static func take(_ byteCount: Int, from state: UnsafeMutablePointer<State>) -> UnsafeMutableRawPointer? {
        guard byteCount <= Int.max - 2 * alignment else { return nil }
        let rounded = max(alignment, (byteCount + alignment - 1) & ~(alignment - 1))
        if rounded > state.pointee.remaining {
            let size = max(4096, rounded + alignment)
            guard size <= state.pointee.budget, let chunk = malloc(size) else { return nil }
            chunk.storeBytes(of: state.pointee.chunks, as: UnsafeMutableRawPointer?.self)
            state.pointee.chunks = chunk
            state.pointee.budget -= size
            state.pointee.cursor = chunk + alignment
            state.pointee.remaining = size - alignment
        }
        let result = state.pointee.cursor
        state.pointee.cursor = result.map { $0 + rounded }
        state.pointee.remaining -= rounded
        return result
    }

    /// The arena as protobuf-c's unpacking functions take it.
    var allocator: ProtobufCAllocator {
        ProtobufCAllocator(
            alloc: { data, size in
                data.flatMap { MessageArena.take(size, from: $0.assumingMemoryBound(to: State.self)) }
            },
            free: { _, _ in },
            allocator_data: UnsafeMutableRawPointer(state))
    }

    /// Uninitialised memory for `count` values, which must be trivial.
    private func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        guard let memory = MessageArena.take(count * MemoryLayout<T>.stride, from: state) else {
            fatalError("out of memory for a message of \(count) × \(T.self)")
        }
        return memory.bindMemory(to: T.self, capacity: count)
    }

    /// A message made by its generated `init` function.
    func make<T>(_ initialise: (UnsafeMutablePointer<T>?) -> Void) -> UnsafeMutablePointer<T> {
        let message = allocate(T.self, count: 1)
        initialise(message)
        return message
    }

    /// A C string. A text with a zero byte, which no field of the model may hold, ends there.
    func text(_ text: String) -> UnsafeMutablePointer<CChar> {
        var text = text
        return text.withUTF8 { bytes in
            let copy = allocate(CChar.self, count: bytes.count + 1)
            if let base = bytes.baseAddress { memcpy(copy, base, bytes.count) }
            copy[bytes.count] = 0
            return copy
        }
    }

    func data(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        let copy = allocate(UInt8.self, count: max(1, bytes.count))
        bytes.withUnsafeBufferPointer { if let base = $0.baseAddress { memcpy(copy, base, $0.count) } }
        return ProtobufCBinaryData(len: bytes.count, data: copy)
    }

    func data(_ digest: Digest) -> ProtobufCBinaryData {
        data(digest.bytes)
    }

    /// A repeated field; nil for an empty one, as the generated code has it.
    func list<Value, Element>(
        _ values: [Value], _ make: (Value) -> Element
    ) -> UnsafeMutablePointer<Element>? {
        guard !values.isEmpty else { return nil }
        let list = allocate(Element.self, count: values.count)
        for (index, value) in values.enumerated() { list[index] = make(value) }
        return list
    }
}

/// The canonical bytes of a message: fields in the schema's order, defaults left out.
func packed(_ message: UnsafePointer<ProtobufCMessage>, reservingPrefix prefix: Int = 0) -> [UInt8] {
    let size = protobuf_c_message_get_packed_size(message)
    return [UInt8](unsafeUninitializedCapacity: prefix + size) { buffer, count in
        count = prefix + size
        guard let base = buffer.baseAddress else { return }
        memset(base, 0, prefix)
        protobuf_c_message_pack(message, base + prefix)
    }
}

/// Views a generated message as the base message that all of them start with.
func base<T>(_ message: UnsafeMutablePointer<T>) -> UnsafePointer<ProtobufCMessage> {
    UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
}
