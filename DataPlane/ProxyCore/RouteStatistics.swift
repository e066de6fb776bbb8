import HTTPCore
import PorticoTelemetry

/// One histogram: counts by bucket, the last one without bound.
struct Histogram {
    private(set) var buckets: [UInt64]
    private(set) var sum = 0.0

    init(buckets count: Int) {
        buckets = Array(repeating: 0, count: count)
    }

    @inline(__always)
    mutating func add(_ value: Double, bucket: Int) {
        buckets[bucket] += 1
        sum += value
    }
}

/// The cumulative counters of one route. Grown when the route is first used, never per request.
final class RouteStatistics {
    struct StatusCount {
        var method: HTTPMethod
        var status: UInt16
        var requests: UInt64
    }

    @exclusivity(unchecked) private(set) var counts: [StatusCount] = []
    @exclusivity(unchecked) private(set) var durations = Histogram(buckets: HistogramBounds.durationSeconds.count + 1)
    @exclusivity(unchecked) private(set) var responseDurations = Histogram(
        buckets: HistogramBounds.durationSeconds.count + 1)
    @exclusivity(unchecked) private(set) var requestBytes = Histogram(buckets: HistogramBounds.sizeBytes.count + 1)
    @exclusivity(unchecked) private(set) var responseBytes = Histogram(buckets: HistogramBounds.sizeBytes.count + 1)
    @exclusivity(unchecked) private var lastCount = 0
    /// Waits to be reported.
    @exclusivity(unchecked) var isDirty = false

    func record(
        method: HTTPMethod, status: Int, milliseconds: UInt64, responseMilliseconds: UInt64?, requestCount: UInt64,
        responseCount: UInt64, bounds: MetricBounds
    ) {
        count(method, UInt16(truncatingIfNeeded: status))
        durations.add(Double(milliseconds) / 1_000, bucket: bounds.timeBucket(milliseconds))
        if let responseMilliseconds {
            responseDurations.add(
                Double(responseMilliseconds) / 1_000, bucket: bounds.timeBucket(responseMilliseconds))
        }
        requestBytes.add(Double(requestCount), bucket: bounds.sizeBucket(requestCount))
        responseBytes.add(Double(responseCount), bucket: bounds.sizeBucket(responseCount))
    }

    private func count(_ method: HTTPMethod, _ status: UInt16) {
        if lastCount < counts.count, counts[lastCount].status == status, counts[lastCount].method == method {
            counts[lastCount].requests += 1
            return
        }
        if let index = counts.firstIndex(where: { $0.status == status && $0.method == method }) {
            lastCount = index
        } else {
            lastCount = counts.count
            counts.append(StatusCount(method: method, status: status, requests: 0))
        }
        counts[lastCount].requests += 1
    }
}

/// The histograms' bounds in whole milliseconds and bytes.
struct MetricBounds {
    private let milliseconds = HistogramBounds.durationSeconds.map { UInt64(($0 * 1_000).rounded()) }
    private let bytes = HistogramBounds.sizeBytes.map { UInt64($0) }

    func timeBucket(_ value: UInt64) -> Int {
        var index = 0
        while index < milliseconds.count, value > milliseconds[index] { index += 1 }
        return index
    }

    func sizeBucket(_ value: UInt64) -> Int {
        var index = 0
        while index < bytes.count, value > bytes[index] { index += 1 }
        return index
    }
}
