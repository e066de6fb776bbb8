import PorticoModel

/// Decides which spans go when: the pure core of the exporter. Times are in milliseconds of one clock.
///
/// Spans wait until a batch of them is full or the oldest has waited for the collector's delay. A batch that could not be
/// delivered is tried again after pauses that double, and given up after the last; what comes meanwhile waits, up to the
/// queue's length, and is dropped beyond it.
struct SpanBuffer {
    enum Outcome: Hashable {
        case delivered
        /// It may work another time.
        case failed
        /// The collector refuses it for what it is.
        case refused
    }

    static let firstPause: Int64 = 1_000
    static let mostAttempts = 5

    var collector: TraceCollector
    private var waiting: [Span] = []
    private var oldestAt: Int64 = 0
    private var batch: [Span] = []
    private var attempts = 0
    private var retryAt: Int64 = 0
    private(set) var counters = TraceExportCounters()

    init(_ collector: TraceCollector) { self.collector = collector }

    var isEmpty: Bool { waiting.isEmpty && batch.isEmpty }

    mutating func add(_ spans: [Span], at now: Int64) {
        if waiting.isEmpty { oldestAt = now }
        let room = max(0, collector.maximumQueue - waiting.count)
        waiting += spans.prefix(room)
        counters.dropped += UInt64(spans.count - min(room, spans.count))
    }

    /// When `next` has something to send; nil while nothing waits.
    var due: Int64? {
        if !batch.isEmpty { return retryAt }
        guard !waiting.isEmpty else { return nil }
        return waiting.count >= collector.maximumBatch ? oldestAt : oldestAt + Int64(collector.delayMilliseconds)
    }

    /// The batch to send now; `finish` tells what became of it.
    /// - Parameter ends: nothing is waited for any more.
    mutating func next(at now: Int64, ends: Bool = false) -> [Span]? {
        guard let due, ends || due <= now else { return nil }
        if batch.isEmpty {
            batch = Array(waiting.prefix(collector.maximumBatch))
            waiting.removeFirst(batch.count)
            oldestAt = now
            attempts = 0
        }
        return batch
    }

    mutating func finish(_ outcome: Outcome, at now: Int64) {
        attempts += 1
        switch outcome {
        case .delivered: counters.exported += UInt64(batch.count)
        case .failed where attempts < SpanBuffer.mostAttempts:
            counters.failures += 1
            retryAt = now + SpanBuffer.firstPause << Int64(attempts - 1)
            return
        case .failed, .refused:
            counters.failures += 1
            counters.dropped += UInt64(batch.count)
        }
        batch = []
    }

    /// The end: what is left is lost.
    mutating func giveUp() {
        counters.dropped += UInt64(batch.count + waiting.count)
        (batch, waiting) = ([], [])
    }
}

/// What became of spans, since the start.
package struct TraceExportCounters: Hashable, Sendable {
    package var exported: UInt64 = 0
    /// For want of room, or of a collector that takes them.
    package var dropped: UInt64 = 0
    /// Attempts that came to nothing.
    package var failures: UInt64 = 0

    package init() {}
}
