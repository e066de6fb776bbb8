import Dispatch
import Glibc
import Logging
import PorticoModel
import PorticoSnapshot
import Synchronization
import Threads

/// Sends spans to a collector, from a thread of its own that is started with the first collector.
package final class TraceExporter: Sendable {
    private struct State {
        var buffer: SpanBuffer?
        var counters = TraceExportCounters()
        var thread: DedicatedThread?
        var ends = false
        var isFailing = false
    }

    /// At the end, what a collector takes within this time is still sent.
    private static let lastSeconds = 2

    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let scope: String
    private let logger: Logger

    /// - Parameter scope: by which name spans say who made them.
    package init(scope: String, logger: Logger) {
        self.scope = scope
        self.logger = logger
    }

    package var counters: TraceExportCounters {
        state.withLock { state in
            var sum = state.counters
            if let buffer = state.buffer { sum.add(buffer.counters) }
            return sum
        }
    }

    /// Sends to this collector from now on; nil forgets spans.
    package func configure(_ collector: TraceCollector?) {
        state.withLock { state in
            guard state.buffer?.collector != collector else { return }
            if collector?.host == state.buffer?.collector.host, let collector {
                state.buffer?.collector = collector
            } else {
                state.buffer?.giveUp()
                if let former = state.buffer { state.counters.add(former.counters) }
                state.buffer = collector.map { SpanBuffer($0) }
            }
            if state.buffer != nil, state.thread == nil { state.thread = start() }
        }
        wakeUp.signal()
    }

    private func start() -> DedicatedThread? {
        do {
            return try DedicatedThread("traces") { [self] in run() }
        } catch {
            logger.error("spans are not exported: \(error)")
            return nil
        }
    }

    /// Takes spans of workers, and returns at once.
    package func add(_ spans: [Span]) {
        let isDue = state.withLock { state in
            let before = state.buffer?.due
            state.buffer?.add(spans, at: TraceExporter.now)
            return state.buffer?.due != before
        }
        if isDue { wakeUp.signal() }
    }

    /// Sends what waits, if the collector takes it quickly, and ends the thread.
    package func stop() {
        let thread = state.withLock { state in
            state.ends = true
            return state.thread.take()
        }
        wakeUp.signal()
        thread?.join()
    }

    // MARK: The thread

    private func run() {
        let client = CollectorClient()
        while true {
            let (batch, collector, pause, ends) = state.withLock { state in
                let now = TraceExporter.now
                let batch = state.buffer?.next(at: now, ends: state.ends)
                return (batch, state.buffer?.collector, state.buffer?.due.map { max(0, $0 - now) }, state.ends)
            }
            if let batch, let collector {
                let seconds = ends ? TraceExporter.lastSeconds : CollectorClient.timeoutSeconds
                send(batch, to: collector, client, seconds: seconds)
                if !ends || client.lastFailure == nil { continue }
            }
            if ends {
                state.withLock { $0.buffer?.giveUp() }
                return
            }
            _ = wakeUp.wait(timeout: pause.map { .now() + .milliseconds(Int($0)) } ?? .distantFuture)
        }
    }

    private func send(_ batch: [Span], to collector: TraceCollector, _ client: CollectorClient, seconds: Int) {
        let body = SpanCodec.exportRequest(batch, serviceName: collector.serviceName, scope: scope)
        let outcome = client.post(body, to: collector, timeoutSeconds: seconds)
        let failure = client.lastFailure
        let isNews = state.withLock { state in
            // The collector may have been changed meanwhile; then there is nothing to finish.
            if state.buffer?.collector.host == collector.host {
                state.buffer?.finish(outcome, at: TraceExporter.now)
            }
            defer { state.isFailing = failure != nil }
            return state.isFailing != (failure != nil)
        }
        guard isNews else { return }
        if let failure {
            logger.warning("spans cannot be exported to \(collector.url): \(failure)")
        } else {
            logger.notice("spans are exported to \(collector.url) again")
        }
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension TraceExportCounters {
    mutating func add(_ other: TraceExportCounters) {
        exported += other.exported
        dropped += other.dropped
        failures += other.failures
    }
}
