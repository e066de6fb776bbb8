import COpenSSL
import EventLoop

/// Between OpenSSL and the sockets of one event loop: what all its sessions share while they work, one at a time.
///
/// OpenSSL reads from a window of bytes that were received, and receives more from the socket when the window is empty; it
/// writes into a staging buffer, whose content the caller sends at once. So several records leave in one call, and an idle
/// session owns neither buffer nor BIO. Raw memory, because OpenSSL's callbacks know nothing else.
package final class TLSChannel {
    /// Received at once.
    private static let receiveCount = 64 << 10
    /// Plain bytes that are encrypted before they are sent.
    package static let encryptedAtOnce = 160 << 10
    /// Room for them, their records and what a handshake sends.
    private static let stagingCount = 256 << 10

    package let buffers: BufferPool
    private let received: UnsafeMutableRawBufferPointer
    private let staging: UnsafeMutableRawBufferPointer
    @exclusivity(unchecked) private var windowStart: UnsafeRawPointer?
    @exclusivity(unchecked) private var windowCount = 0
    /// The window is the one that `attach` gave.
    @exclusivity(unchecked) private var windowIsKept = true
    @exclusivity(unchecked) private(set) var stagedCount = 0
    @exclusivity(unchecked) private var descriptor: Int32 = -1
    /// What the last read from the socket came to; nil where none was made since `attach`.
    @exclusivity(unchecked) private(set) var lastRead: Transfer?
    /// The last read took all that there was.
    @exclusivity(unchecked) private(set) var isDrained = false
    @exclusivity(unchecked) package private(set) var receivedBytes: UInt64 = 0
    private let method: OpaquePointer
    let bio: OpaquePointer

    package init(buffers: BufferPool) {
        self.buffers = buffers
        received = .allocate(byteCount: TLSChannel.receiveCount, alignment: 64)
        staging = .allocate(byteCount: TLSChannel.stagingCount, alignment: 64)
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "portico"),
            let bio = TLSChannel.makeBIO(method)
        else { fatalError("out of memory for a BIO") }
        self.method = method
        self.bio = bio
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
    }

    deinit {
        BIO_free(bio)
        BIO_meth_free(method)
        received.deallocate()
        staging.deallocate()
    }

    private static func makeBIO(_ method: OpaquePointer) -> OpaquePointer? {
        BIO_meth_set_read(method) { bio, buffer, count in
            guard let buffer, let data = BIO_get_data(bio) else { return -1 }
            return Unmanaged<TLSChannel>.fromOpaque(data)._withUnsafeGuaranteedRef {
                $0.read(bio, UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
            }
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bytes, let data = BIO_get_data(bio) else { return -1 }
            return Unmanaged<TLSChannel>.fromOpaque(data)._withUnsafeGuaranteedRef {
                $0.write(bio, UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            }
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            // Nothing is held back here, so flushing always succeeds; there is no other command to obey.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return BIO_new(method)
    }

    // MARK: A session at work

    /// Gives OpenSSL `window` to read, and then what the socket has.
    func attach(_ descriptor: Int32, window: UnsafeRawBufferPointer) {
        self.descriptor = descriptor
        windowStart = window.baseAddress
        windowCount = window.count
        windowIsKept = true
        lastRead = nil
        isDrained = false
    }

    /// What OpenSSL left of the window, valid until the next session's turn, and whether it is the one of `attach`.
    func detach() -> (rest: UnsafeRawBufferPointer, isKept: Bool) {
        defer { windowCount = 0 }
        return (UnsafeRawBufferPointer(start: windowStart, count: windowCount), windowIsKept)
    }

    var windowIsEmpty: Bool { windowCount == 0 }

    /// What OpenSSL wants sent. Valid until `takeStaged` is called again.
    package func takeStaged() -> UnsafeRawBufferPointer {
        defer { stagedCount = 0 }
        return UnsafeRawBufferPointer(rebasing: staging[..<stagedCount])
    }

    // MARK: OpenSSL's calls

    private func read(_ bio: OpaquePointer?, _ memory: UnsafeMutableRawBufferPointer) -> Int32 {
        portico_BIO_clear_retry(bio)
        if windowCount == 0, !receive() {
            switch lastRead {
            case .wouldBlock:
                portico_BIO_set_retry_read(bio)
                return -1
            case .ended: return 0
            default: return -1
            }
        }
        guard let start = windowStart, let target = memory.baseAddress else { return -1 }
        let count = min(windowCount, memory.count)
        target.copyMemory(from: start, byteCount: count)
        windowStart = start + count
        windowCount -= count
        return Int32(count)
    }

    private func receive() -> Bool {
        // After a short read there is nothing: the loop will tell.
        if isDrained, case .bytes = lastRead {
            lastRead = .wouldBlock
            return false
        }
        let transfer = Socket.receive(descriptor, into: received)
        lastRead = transfer
        guard case .bytes(let count) = transfer else {
            isDrained = transfer == .wouldBlock
            return false
        }
        receivedBytes += UInt64(count)
        isDrained = count < received.count
        windowStart = UnsafeRawPointer(received.baseAddress)
        windowCount = count
        windowIsKept = false
        return true
    }

    private func write(_ bio: OpaquePointer?, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        portico_BIO_clear_retry(bio)
        // A session writes no more than `encryptedAtOnce` at a time, so this does not happen.
        guard bytes.count <= staging.count - stagedCount, let source = bytes.baseAddress else { return -1 }
        (staging.baseAddress! + stagedCount).copyMemory(from: source, byteCount: bytes.count)
        stagedCount += bytes.count
        return Int32(bytes.count)
    }
}
