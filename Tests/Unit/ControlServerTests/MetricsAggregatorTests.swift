import ControlServer
import PorticoModel
import PorticoTelemetry
import Testing

@Suite struct MetricsAggregatorTests {
    private let aggregator = MetricsAggregator(controllerLabels: [("controller_class", "portico")])

    @Test func `Counters of several workers add up`() {
        for worker in ["a", "b"] {
            aggregator.begin(worker, process: "node/worker-\(worker)")
            aggregator.take(report(requests: 3), from: worker)
        }
        #expect(text().contains(#"method="GET",status="200"} 6"#))
    }

    @Test func `A later report of a series replaces the earlier one`() {
        aggregator.begin("a", process: "node/worker-0")
        aggregator.take(report(requests: 3), from: "a")
        aggregator.take(report(requests: 5), from: "a")
        #expect(text().contains(#"status="200"} 5"#))
    }

    @Test func `Totals do not go back when a worker is replaced`() {
        aggregator.begin("a", process: "node/worker-0")
        aggregator.take(report(requests: 3), from: "a")
        aggregator.end("a")
        #expect(text().contains(#"status="200"} 3"#))
        aggregator.begin("b", process: "node/worker-0")
        #expect(text().contains(#"status="200"} 3"#))
        aggregator.take(report(requests: 2), from: "b")
        #expect(text().contains(#"status="200"} 5"#))
    }

    @Test func `A link that comes back counts nothing twice`() {
        aggregator.begin("a", process: "node/worker-0")
        aggregator.take(report(requests: 3), from: "a")
        aggregator.end("a")
        aggregator.begin("a", process: "node/worker-0")
        aggregator.take(report(requests: 4), from: "a")
        #expect(text().contains(#"status="200"} 4"#))
    }

    @Test func `Gauges count only while the worker is connected`() {
        let gauge = CounterSeries(name: WorkerMetric.connections, isGauge: true, value: 7, labels: ["state", "active"])
        aggregator.begin("a", process: "node/worker-0")
        aggregator.take(MetricsReport(counters: [gauge]), from: "a")
        let line = #"nginx_ingress_controller_nginx_process_connections{controller_class="portico",state="active"} 7"#
        #expect(text().contains(line))
        aggregator.end("a")
        #expect(!text().contains(line))
    }

    @Test func `Of start times the oldest counts`() {
        for (worker, start) in [("a", 200.0), ("b", 100.0)] {
            aggregator.begin(worker, process: "node/worker-\(worker)")
            let gauge = CounterSeries(name: WorkerMetric.oldestStartSeconds, isGauge: true, value: start)
            aggregator.take(MetricsReport(counters: [gauge]), from: worker)
        }
        #expect(text().contains(#"oldest_start_time_seconds{controller_class="portico"} 100"#))
    }

    @Test func `Histograms of workers living and dead add up`() {
        for (worker, place) in [("a", 0), ("b", 0), ("c", 1)] {
            aggregator.begin(worker, process: "node/worker-\(place)")
            var series = RouteSeries(host: "h", path: "/", ingress: ObjectName(namespace: "n", name: "i"), service: "s")
            let histogram = HistogramSeries(buckets: [0, 300, 0, .max / 8], sum: 0.5)
            series.statuses = [
                StatusSeries(method: 1, status: 200, requests: 1, histograms: Array(repeating: histogram, count: 6))
            ]
            aggregator.take(MetricsReport(routes: [series]), from: worker)
        }
        let text = text()
        #expect(text.contains("response_size_sum{controller_class=\"portico\",namespace=\"n\",ingress=\"i\","))
        #expect(text.contains("} 1.5\n"))
        #expect(text.contains("} 900\n"))
        #expect(text.contains("} \(UInt64.max / 8 * 3 + 900)\n"))
    }

    @Test func `A histogram is written with cumulative buckets`() {
        aggregator.begin("a", process: "node/worker-0")
        var series = RouteSeries(host: "h", path: "/", ingress: ObjectName(namespace: "n", name: "i"), service: "s")
        let buckets = [1, 2] + [UInt64](repeating: 0, count: 9) + [4]
        series.statuses = [
            StatusSeries(
                method: RequestMethod.index(of: "PUT"), status: 201, requests: 7,
                histograms: [HistogramSeries(buckets: buckets, sum: 50)])
        ]
        aggregator.take(MetricsReport(routes: [series]), from: "a")
        let text = text()
        #expect(text.contains(#"path="/",method="PUT",status="201",le="0.01"} 3"#))
        #expect(text.contains(#"path="/",method="PUT",status="201",le="10"} 3"#))
        #expect(text.contains(#"path="/",method="PUT",status="201",le="+Inf"} 7"#))
        #expect(text.contains("request_duration_seconds_sum{"))
    }

    @Test func `A report of an incarnation that never said hello is ignored`() {
        aggregator.take(report(requests: 3), from: "stranger")
        #expect(!text().contains("status="))
    }

    @Test func `Many routes are written in pages, each family whole and in one place`() {
        aggregator.begin("a", process: "node/worker-0")
        let histograms = RouteHistogram.allCases.map { _ in HistogramSeries(buckets: [1], sum: 1) }
        let routes = (0..<1_000).map { number in
            var series = RouteSeries(
                host: "h\(number)", path: "/", ingress: ObjectName(namespace: "n", name: "i"), service: "s")
            series.statuses = [StatusSeries(method: 1, status: 200, requests: 1, histograms: histograms)]
            return series
        }
        aggregator.take(MetricsReport(routes: routes), from: "a")
        let pages = Array(aggregator.pages())
        #expect(pages.count > 10)
        #expect(pages.allSatisfy { $0.utf8.count < 128 << 10 })
        let lines = pages.joined().split(separator: "\n")
        for family in ["request_duration_seconds", "connect_duration_seconds", "response_size"] {
            let samples = lines.indices.filter { lines[$0].hasPrefix("nginx_ingress_controller_\(family)_count") }
            #expect(samples.count == 1_000)
            #expect(lines.count { $0.hasPrefix("# TYPE nginx_ingress_controller_\(family) ") } == 1)
        }
    }

    private func report(requests: UInt64) -> MetricsReport {
        var series = RouteSeries(host: "h", path: "/", ingress: ObjectName(namespace: "n", name: "i"), service: "s")
        series.statuses = [StatusSeries(method: RequestMethod.index(of: "GET"), status: 200, requests: requests)]
        return MetricsReport(routes: [series])
    }

    private func text() -> String { aggregator.pages().joined() }
}
