import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT as something to wait for. A second one ends the process at once.
final class EndingSignals: Sendable {
    private struct State {
        var received: Int32?
        var waiter: CheckedContinuation<Int32, Never>?
    }

    private let state = Mutex(State())
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init() {
        let queue = DispatchQueue(label: "portico.signals")
        sources = [SIGTERM, SIGINT].map { number in
            Glibc.signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for (number, source) in zip([SIGTERM, SIGINT], sources) {
            source.setEventHandler { [weak self] in self?.receive(number) }
            source.resume()
        }
    }

    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let received = state.withLock { state in
                if state.received == nil { state.waiter = continuation }
                return state.received
            }
            if let received { continuation.resume(returning: received) }
        }
    }

    private func receive(_ number: Int32) {
        let waiter = state.withLock { state in
            if state.received != nil { _exit(128 + number) }
            state.received = number
            return state.waiter.take()
        }
        waiter?.resume(returning: number)
    }
}
