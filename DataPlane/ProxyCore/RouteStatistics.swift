import HTTPCore
import PorticoModel

/// What is counted of one request when it ends.
struct RequestMeasures {
    var method: HTTPMethod
    var status: UInt16
    var milliseconds: UInt64
    var requestBytes: UInt64
    var responseBytes: UInt64
    /// The last attempt's; nil where none was made, or where it did not come that far.
    var connectMilliseconds: UInt64?
    var headMilliseconds: UInt64?
    var responseMilliseconds: UInt64?
}

/// The cumulative counters of one route. Grown when a method and status is first seen, never per request.
final class RouteStatistics {
    /// Beyond so many kinds of requests, those of a class of statuses are counted together, so that neither clients nor
    /// upstreams can make memory grow.
    static let maximumStatuses = 128

    @exclusivity(unchecked) private(set) var statuses: [StatusStatistics] = []
    /// The kind that was counted last, which the next one mostly is too.
    @exclusivity(unchecked) private var last: StatusStatistics?
    /// Waits to be reported.
    @exclusivity(unchecked) var isDirty = false

    func record(_ measures: RequestMeasures, bounds: MetricBounds) {
        if let last, last.status == measures.status, last.method == measures.method {
            last.record(measures, bounds: bounds)
        } else {
            find(measures.method, measures.status).record(measures, bounds: bounds)
        }
    }

    private func find(_ method: HTTPMethod, _ status: UInt16) -> StatusStatistics {
        var found = statuses.first { $0.status == status && $0.method == method }
        if found == nil, statuses.count >= Self.maximumStatuses, status % 100 != 0 || method != .other {
            return find(.other, status / 100 * 100)
        }
        if found == nil {
            found = StatusStatistics(method: method, status: status)
            statuses.append(found!)
        }
        last = found
        return found!
    }
}

/// The counters of one method and status.
final class StatusStatistics {
    let method: HTTPMethod
    let status: UInt16
    @exclusivity(unchecked) private var durations = Histogram<12>()
    @exclusivity(unchecked) private var responseDurations = Histogram<12>()
    @exclusivity(unchecked) private var headDurations = Histogram<12>()
    @exclusivity(unchecked) private var connectDurations = Histogram<12>()
    @exclusivity(unchecked) private var requestSizes = Histogram<16>()
    @exclusivity(unchecked) private var responseSizes = Histogram<16>()

    init(method: HTTPMethod, status: UInt16) {
        self.method = method
        self.status = status
    }

    func record(_ measures: RequestMeasures, bounds: MetricBounds) {
        durations.add(measures.milliseconds, bounds.milliseconds)
        if let milliseconds = measures.connectMilliseconds { connectDurations.add(milliseconds, bounds.milliseconds) }
        if let milliseconds = measures.headMilliseconds { headDurations.add(milliseconds, bounds.milliseconds) }
        if let milliseconds = measures.responseMilliseconds { responseDurations.add(milliseconds, bounds.milliseconds) }
        requestSizes.add(measures.requestBytes, bounds.bytes)
        responseSizes.add(measures.responseBytes, bounds.bytes)
    }

    /// As the report names it.
    func series(methodIndex: UInt32) -> StatusSeries {
        let histograms = RouteHistogram.allCases.map { histogram in
            switch histogram {
            case .requestDuration: durations.series(unit: 1_000)
            case .responseDuration: responseDurations.series(unit: 1_000)
            case .headerDuration: headDurations.series(unit: 1_000)
            case .connectDuration: connectDurations.series(unit: 1_000)
            case .requestSize: requestSizes.series(unit: 1)
            case .responseSize: responseSizes.series(unit: 1)
            }
        }
        return StatusSeries(
            method: methodIndex, status: UInt32(status), requests: durations.count, histograms: histograms)
    }
}
