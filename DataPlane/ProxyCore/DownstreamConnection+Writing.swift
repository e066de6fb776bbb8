import EventLoop
import Glibc

/// Writing responses and ending them.
extension DownstreamConnection {
    /// How long a client that was refused may go on sending.
    private static let lingerMilliseconds: UInt32 = 5_000
    /// Bytes of a refused body that are thrown away per turn.
    private static let discardBudget = 512 << 10

    /// Sends bytes, and keeps what the kernel does not take.
    /// - Returns: false where the connection was lost, and closed.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if !output.isEmpty {
            core.buffers.append(bytes, to: &output)
            return true
        }
        switch Socket.send(descriptor, bytes) {
        case .bytes(let count):
            core.counters.downstreamBytesWritten += UInt64(count)
            if count == bytes.count { return true }
            keep(UnsafeRawBufferPointer(rebasing: bytes[count...]))
            return true
        case .wouldBlock:
            keep(bytes)
            return true
        case .ended, .failed:
            close()
            return false
        }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) {
        core.buffers.append(bytes, to: &output)
        loop.setDeadline(self, after: core.tables.globals.defaultPolicy.sendTimeoutMilliseconds)
    }

    /// Sends what waits, and goes on with what waited for that.
    func flush() {
        while !output.isEmpty {
            switch Socket.send(descriptor, output.bytes) {
            case .bytes(let count):
                core.counters.downstreamBytesWritten += UInt64(count)
                output.consumed(count)
            case .wouldBlock:
                loop.setDeadline(self, after: core.tables.globals.defaultPolicy.sendTimeoutMilliseconds)
                return
            case .ended, .failed: return close()
            }
        }
        core.buffers.give(&output)
        if state != .readingBody { loop.setDeadline(self, at: .max) }
        switch state {
        case .flushing: endConnection()
        case .idle, .readingHead:
            awaitNextRequest()
            readRequests()
        default: exchange?.downstreamDrained()
        }
    }

    /// The response has been handed over: the next request, or the end of the connection.
    func finishResponse() {
        exchange = nil
        if flags.contains(.closesAfterResponse) {
            state = .flushing
            if output.isEmpty { endConnection() }
            return
        }
        state = .idle
        if !output.isEmpty { return }
        awaitNextRequest()
        if !input.isEmpty || flags.contains(.mayRead) { readRequests() }
    }

    private func awaitNextRequest() {
        loop.setDeadline(self, after: core.tables.globals.keepAliveTimeoutMilliseconds)
    }

    /// Closes, after a while of reading where the client may not have finished sending.
    private func endConnection() {
        guard flags.contains(.lingers), !flags.contains(.hasEnded) else { return close() }
        state = .lingering
        Socket.shutdownWriting(descriptor)
        core.buffers.give(&input)
        loop.setDeadline(self, after: Self.lingerMilliseconds)
        discardInput()
    }

    /// Throws away what a refused client still sends. Its deadline is not moved by that.
    func discardInput() {
        var discarded = 0
        while discarded < Self.discardBudget {
            switch Socket.receive(descriptor, into: core.downstreamRead) {
            case .bytes(let count): discarded += count
            case .wouldBlock:
                flags.remove(.mayRead)
                return
            case .ended, .failed: return close()
            }
        }
        loop.runAgain(self)
    }
}
