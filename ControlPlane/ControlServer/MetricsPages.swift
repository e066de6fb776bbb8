import PorticoModel
import PorticoTelemetry

/// The text of `/metrics`, a page at a time: with ten thousand routes it is far larger than what it is made of, and never
/// has to stand in memory whole.
package struct MetricsPages: Sequence, IteratorProtocol, Sendable {
    struct Route: Sendable {
        var key: MetricsAggregator.RouteKey
        /// What each process counted.
        var parts: [PackedRouteSeries]

        var series: RouteSeries {
            parts.reduce(into: RouteSeries(key)) { series, part in part.add(to: &series) }
        }
    }

    /// A page ends after the sample that fills it to so many bytes.
    private static let pageBytes = 64 << 10
    private static let prefix = "nginx_ingress_controller_"

    private let controllerLabels: PrometheusText.Labels
    private let routes: [Route]
    /// What follows the routes.
    private var rest: String?
    /// The families by route: the requests, then each histogram.
    private var family = 0
    private var route = 0

    /// - Parameters:
    ///   - routes: in order.
    ///   - rest: what follows them, as it stands.
    init(controllerLabels: PrometheusText.Labels, routes: [Route], rest: String) {
        self.controllerLabels = controllerLabels
        self.routes = routes
        self.rest = rest
    }

    /// One text as it stands.
    package init(_ text: String) {
        self.init(controllerLabels: [], routes: [], rest: text)
        family = MetricsPages.histograms.count + 1
    }

    /// Adds whole families at the end.
    package mutating func append(_ text: String) { rest = (rest ?? "") + text }

    package mutating func next() -> String? {
        var page = PrometheusText()
        while family <= MetricsPages.histograms.count {
            if route == 0 { begin(&page) }
            while route < routes.count {
                write(routes[route], to: &page)
                route += 1
                if page.text.utf8.count >= MetricsPages.pageBytes { return page.text }
            }
            family += 1
            route = 0
        }
        guard let rest else { return page.text.isEmpty ? nil : page.text }
        self.rest = nil
        return page.text + rest
    }

    private func begin(_ page: inout PrometheusText) {
        guard family > 0 else {
            return page.begin(MetricsPages.prefix + "requests", .counter, "Requests by route, method and status.")
        }
        let histogram = MetricsPages.histograms[family - 1]
        page.begin(MetricsPages.prefix + histogram.name, .histogram, histogram.help)
    }

    private func write(_ route: Route, to page: inout PrometheusText) {
        let labels = labels(of: route.key)
        for status in route.series.statuses.sorted(by: { ($0.method, $0.status) < ($1.method, $1.status) }) {
            let detail = [("method", RequestMethod.name(at: status.method)), ("status", String(status.status))]
            guard family > 0 else {
                page.sample(MetricsPages.prefix + "requests", labels + detail, status.requests)
                continue
            }
            let family = MetricsPages.histograms[family - 1]
            let series = status[family.histogram]
            // No request of this kind reached an upstream.
            if series.buckets.isEmpty { continue }
            page.histogram(
                MetricsPages.prefix + family.name, labels + detail, bounds: family.bounds, buckets: series.buckets,
                sum: series.sum)
        }
    }

    private func labels(of key: MetricsAggregator.RouteKey) -> PrometheusText.Labels {
        controllerLabels + [
            ("namespace", key.ingress.namespace), ("ingress", key.ingress.name), ("service", key.service),
            ("canary", ""), ("host", key.host), ("path", key.path),
        ]
    }

    private struct Family: Sendable {
        var name: String
        var help: String
        var bounds: [Double]
        var histogram: RouteHistogram
    }

    private static let histograms = [
        Family(
            name: "request_duration_seconds", help: "From the first byte of a request to the last of its response.",
            bounds: HistogramBounds.durationSeconds, histogram: .requestDuration),
        Family(
            name: "response_duration_seconds", help: "From the request's dispatch upstream to the end of the response.",
            bounds: HistogramBounds.durationSeconds, histogram: .responseDuration),
        Family(
            name: "header_duration_seconds", help: "From the request's dispatch upstream to the response's head.",
            bounds: HistogramBounds.durationSeconds, histogram: .headerDuration),
        Family(
            name: "connect_duration_seconds", help: "Until a connection to the upstream was there.",
            bounds: HistogramBounds.durationSeconds, histogram: .connectDuration),
        Family(
            name: "request_size", help: "Bytes of requests, head and body.", bounds: HistogramBounds.sizeBytes,
            histogram: .requestSize),
        Family(
            name: "response_size", help: "Bytes of responses, head and body.", bounds: HistogramBounds.sizeBytes,
            histogram: .responseSize),
        Family(
            name: "bytes_sent", help: "Bytes sent to clients, as older dashboards name it.",
            bounds: HistogramBounds.sizeBytes, histogram: .responseSize),
    ]
}
