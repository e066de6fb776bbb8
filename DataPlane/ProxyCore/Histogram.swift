import PorticoModel
import PorticoTelemetry

/// Counts by bucket, the last one without bound, stored in place: an array would be checked for other owners at each add.
struct Histogram<let bucketCount: Int> {
    private var buckets = InlineArray<bucketCount, UInt64>(repeating: 0)
    private var sum: UInt64 = 0

    /// - Parameter bounds: the upper bounds of all buckets; the last one is never passed.
    @inline(__always)
    mutating func add(_ value: UInt64, _ bounds: InlineArray<bucketCount, UInt64>) {
        var index = 0
        while index < bucketCount &- 1, value > bounds[index] { index &+= 1 }
        buckets[index] &+= 1
        sum &+= value
    }

    var count: UInt64 { buckets.indices.reduce(0) { $0 + buckets[$1] } }

    /// - Parameter unit: how many of the values added make one of those reported.
    func series(unit: Double) -> HistogramSeries {
        let used = buckets.indices.last { buckets[$0] != 0 }.map { $0 + 1 } ?? 0
        return HistogramSeries(buckets: (0..<used).map { buckets[$0] }, sum: Double(sum) / unit)
    }
}

/// The histograms' bounds in whole milliseconds and bytes.
final class MetricBounds: Sendable {
    let milliseconds: InlineArray<12, UInt64>
    let bytes: InlineArray<16, UInt64>

    init() {
        milliseconds = InlineArray { Self.bound($0, HistogramBounds.durationSeconds, unit: 1_000) }
        bytes = InlineArray { Self.bound($0, HistogramBounds.sizeBytes, unit: 1) }
        precondition(milliseconds.count == HistogramBounds.durationSeconds.count + 1)
        precondition(bytes.count == HistogramBounds.sizeBytes.count + 1)
    }

    private static func bound(_ index: Int, _ bounds: [Double], unit: Double) -> UInt64 {
        index < bounds.count ? UInt64((bounds[index] * unit).rounded()) : .max
    }
}
