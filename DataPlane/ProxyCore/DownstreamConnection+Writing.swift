import EventLoop
import Glibc

/// Writing responses and ending them.
extension DownstreamConnection {
    /// How long a client that was refused may go on sending.
    private static let lingerMilliseconds: UInt32 = 5_000
    /// Bytes of a refused body that are thrown away per turn.
    private static let discardBudget = 512 << 10

    func keep(_ bytes: UnsafeRawBufferPointer) {
        core.buffers.append(bytes, to: &output)
        if !flags.contains(.watchesWrites) {
            flags.insert(.watchesWrites)
            loop.change(self, descriptor: descriptor, to: .stream)
        }
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
        case .http2: http2?.flush()
        default: exchange?.downstreamDrained()
        }
    }

    func awaitNextRequest() {
        loop.setDeadline(self, after: core.tables.globals.keepAliveTimeoutMilliseconds)
    }

    /// Closes, after a while of reading where the client may not have finished sending.
    func endConnection() {
        guard flags.contains(.lingers), !flags.contains(.hasEnded) else { return close() }
        state = .lingering
        shutdownWriting()
        core.buffers.give(&input)
        loop.setDeadline(self, after: Self.lingerMilliseconds)
        discardInput()
    }

    /// Throws away what a refused client still sends. Its deadline is not moved by that.
    func discardInput() {
        var discarded = 0
        while discarded < Self.discardBudget {
            switch receive(into: core.downstreamRead) {
            case .bytes(let count): discarded += count
            case .wouldBlock: return
            case .ended, .failed: return close()
            }
        }
        loop.runAgain(self)
    }
}
