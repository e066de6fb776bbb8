import EventLoop
import HTTPCore
import Policies

/// The time at which the caller of a gRPC call gives up. A timer of its own, because those of the two ends of an exchange
/// are moved by what goes on there, and this one is not.
final class CallDeadline: EventHandler {
    @exclusivity(unchecked) unowned(unsafe) var exchange: Exchange?

    override func deadlinePassed() { exchange?.callRanOut() }
}

extension Exchange {
    /// Starts the clock where the caller names a time (gRPC over HTTP/2, Timeout).
    func beginCallDeadline(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) {
        guard let value = Self.timeoutValue(bytes, request), let milliseconds = GRPCTimeout.milliseconds(value) else {
            return
        }
        let deadline = core.takeCallDeadline()
        deadline.exchange = self
        callDeadline = deadline
        loop.register(deadline)
        loop.setDeadline(deadline, after: milliseconds)
    }

    private static func timeoutValue(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> UnsafeRawBufferPointer?
    {
        let name: StaticString = "grpc-timeout"
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for index in 0..<request.fields.count {
            let field = request.fields[index]
            if Int(field.nameCount) == wanted.count, isEqualIgnoringCase(bytes[field.name], wanted) {
                return bytes[field.value]
            }
        }
        return nil
    }

    func endCallDeadline() {
        hasRunOut = false
        guard let deadline = callDeadline else { return }
        callDeadline = nil
        deadline.exchange = nil
        loop.unregister(deadline)
        core.giveBack(deadline)
    }

    /// The caller gets its status now, whatever the endpoint may still say.
    func callRanOut() {
        guard let downstream else { return }
        core.counters.timeouts += 1
        hasRunOut = true
        if !hasResponded { return answer(status: 504) }
        if extras?.compressor != nil { return endResponse(isComplete: false) }
        if let connection {
            note(connection.endpoint, status: status)
            self.connection = nil
            connection.close()
        }
        let trailers: StaticString = "grpc-status: 4\r\ngrpc-message: deadline exceeded\r\n"
        downstream.finish(
            trailers: UnsafeRawBufferPointer(start: trailers.utf8Start, count: trailers.utf8CodeUnitCount))
        finish()
        downstream.finishResponse()
    }
}
