import PorticoModel
import Testing

@testable import ProxyCore

@Suite struct RouteStatisticsTests {
    private let bounds = MetricBounds()

    private func measures(_ status: UInt16, milliseconds: UInt64 = 0) -> RequestMeasures {
        RequestMeasures(
            method: .get, status: status, milliseconds: milliseconds, requestBytes: 95, responseBytes: 1_001)
    }

    @Test func `Each method and status has histograms of its own`() {
        let statistics = RouteStatistics()
        statistics.record(measures(200, milliseconds: 5), bounds: bounds)
        statistics.record(measures(404, milliseconds: 6), bounds: bounds)
        statistics.record(measures(200, milliseconds: 60_000), bounds: bounds)
        let series = statistics.statuses.map { $0.series(methodIndex: 1) }
        #expect(series.map(\.status) == [200, 404])
        #expect(series.map(\.requests) == [2, 1])
        #expect(series[0][.requestDuration].buckets == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(series[0][.requestDuration].sum == 60.005)
        #expect(series[1][.requestDuration].buckets == [0, 1])
        #expect(series[0][.requestSize] == HistogramSeries(buckets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 2], sum: 190))
        #expect(series[0][.responseSize].buckets == [UInt64](repeating: 0, count: 11) + [2])
    }

    @Test func `What no attempt came to is in no histogram`() {
        let statistics = RouteStatistics()
        var reached = measures(200)
        reached.connectMilliseconds = 0
        reached.headMilliseconds = 7
        statistics.record(measures(200), bounds: bounds)
        statistics.record(reached, bounds: bounds)
        let series = statistics.statuses[0].series(methodIndex: 1)
        #expect(series[.connectDuration].buckets == [1])
        #expect(series[.headerDuration].buckets == [0, 1])
        #expect(series[.responseDuration].buckets == [])
    }

    @Test func `Statuses beyond the bound are counted by their class`() {
        let statistics = RouteStatistics()
        for status in UInt16(100)...599 { statistics.record(measures(status), bounds: bounds) }
        #expect(statistics.statuses.count <= RouteStatistics.maximumStatuses + 5)
        #expect(statistics.statuses.reduce(0) { $0 + $1.series(methodIndex: 1).requests } == 500)
    }
}
