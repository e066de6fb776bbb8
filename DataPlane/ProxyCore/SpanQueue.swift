import PorticoModel

/// Spans that ended and wait for the control link. It is bounded: what does not fit is dropped and counted.
final class SpanQueue {
    private var spans: [Span] = []
    private(set) var recorded: UInt64 = 0
    private(set) var dropped: UInt64 = 0

    var isEmpty: Bool { spans.isEmpty }

    func add(_ span: Span, limit: UInt32) {
        recorded += 1
        guard spans.count < Int(limit) else {
            dropped += 1
            return
        }
        spans.append(span)
    }

    /// Hands everything over.
    /// - Parameter send: returns false where it takes nothing now; then all of it stays.
    func handOver(_ send: ([Span]) -> Bool) {
        if !spans.isEmpty, send(spans) { spans.removeAll(keepingCapacity: true) }
    }
}
