import EventLoop

/// What was read of a response ahead of its client (`proxy-buffering`): first in memory, then in a file without a name.
///
/// It is filled up to its bound and emptied before more is read. In the loop for its turns and its timer only.
final class HeldResponse: EventHandler {
    /// What is handed to the client's connection at a time, unless `proxy-busy-buffers-size` says otherwise.
    private static let standardPieceBytes = 64 << 10

    private unowned(unsafe) var exchange: Exchange?
    private let memoryBytes: Int
    private let fileBytes: UInt64
    let pieceBytes: Int
    private var stored = StoredBody()
    /// Bytes of `stored` that have gone out.
    private var taken = 0
    /// Of the body, as the client gets it.
    private(set) var deliveredCount: UInt64 = 0
    var trailers = PooledBuffer()
    /// No more comes: the response is whole, or was cut off.
    private(set) var hasEnded = false
    private(set) var isComplete = false

    init(_ exchange: Exchange) {
        self.exchange = exchange
        let policy = exchange.policyRecord
        memoryBytes = Int(policy.values.responseBufferCount) * Int(policy.values.responseBufferBytes)
        fileBytes = policy.values.maximumTemporaryFileBytes
        let busy = Int(policy.values.busyBufferBytes)
        pieceBytes = busy == 0 ? Self.standardPieceBytes : min(busy, WorkerCore.upstreamReadCount)
        super.init()
    }

    var isEmpty: Bool { taken == stored.count }

    var hasRoom: Bool {
        stored.memory.count < memoryBytes || UInt64(stored.fileCount) < fileBytes
    }

    /// - Returns: false where the file could not be written.
    func append(_ bytes: UnsafeRawBufferPointer, core: WorkerCore) -> Bool {
        let wasInFile = stored.isInFile
        // Without a file the last read may go beyond the bound.
        let bound = fileBytes == 0 ? Int.max : memoryBytes
        let isKept = stored.append(bytes, bound: bound, buffers: core.buffers, directory: core.temporaryDirectory)
        if stored.isInFile, !wasInFile { core.counters.bodiesSpilled += 1 }
        return isKept
    }

    /// The next bytes, at most `count` of them; those of the file in `memory`.
    /// - Returns: nil where the file could not be read.
    func next(_ count: Int, _ memory: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
        let inMemory = stored.memory.count
        if taken < inMemory {
            return UnsafeRawBufferPointer(rebasing: stored.memory.bytes[taken..<min(taken + count, inMemory)])
        }
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(count, memory.count)])
        guard let count = stored.read(at: taken - inMemory, into: room) else { return nil }
        return UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    /// Bytes of the body went to the client.
    func delivered(_ count: Int) { deliveredCount += UInt64(count) }

    /// Bytes that `next` gave went out.
    func consumed(_ count: Int, _ buffers: BufferPool) {
        taken += count
        delivered(count)
        guard isEmpty else { return }
        stored.free(to: buffers)
        taken = 0
    }

    func end(isComplete: Bool) {
        hasEnded = true
        self.isComplete = isComplete
    }

    func free(to buffers: BufferPool) {
        exchange = nil
        stored.free(to: buffers)
        buffers.give(&trailers)
    }

    override func resume() { exchange?.releaseHeld() }

    override func deadlinePassed() { exchange?.releaseHeld() }
}
