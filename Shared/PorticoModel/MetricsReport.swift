/// What one process counted since it started. Every value is cumulative; a report names only the series that changed
/// since the last one.
package struct MetricsReport: Hashable, Sendable {
    package var routes: [RouteSeries]
    package var counters: [CounterSeries]

    package init(routes: [RouteSeries] = [], counters: [CounterSeries] = []) {
        self.routes = routes
        self.counters = counters
    }
}

/// A histogram's cumulative state: the count of each bucket on its own, the last one without bound, and the sum.
/// Buckets that are missing at the end are zero.
package struct HistogramSeries: Hashable, Sendable {
    package var buckets: [UInt64]
    package var sum: Double

    package init(buckets: [UInt64] = [], sum: Double = 0) {
        self.buckets = buckets
        self.sum = sum
    }

    package mutating func add(_ other: HistogramSeries) {
        if buckets.count < other.buckets.count {
            buckets += [UInt64](repeating: 0, count: other.buckets.count - buckets.count)
        }
        for index in other.buckets.indices { buckets[index] &+= other.buckets[index] }
        sum += other.sum
    }
}

/// The histograms that are kept for the requests of a route. The raw values are on the wire.
package enum RouteHistogram: Int, CaseIterable, Sendable {
    /// From the first byte of a request to the last of its response.
    case requestDuration
    /// From the request's dispatch upstream to the end of the upstream's response.
    case responseDuration
    /// From the request's dispatch upstream to the end of the response's head.
    case headerDuration
    /// Until a connection to the upstream was there.
    case connectDuration
    /// Bytes, head and body.
    case requestSize
    /// Bytes, head and body.
    case responseSize
}

/// What the requests of one method and one status added up to.
package struct StatusSeries: Hashable, Sendable {
    /// An index into the methods that both planes know, by their agreement.
    package var method: UInt32
    package var status: UInt32
    package var requests: UInt64
    /// By `RouteHistogram`; what is missing counted nothing.
    package var histograms: [HistogramSeries]

    package init(method: UInt32, status: UInt32, requests: UInt64, histograms: [HistogramSeries] = []) {
        self.method = method
        self.status = status
        self.requests = requests
        self.histograms = histograms
    }

    package subscript(histogram: RouteHistogram) -> HistogramSeries {
        histogram.rawValue < histograms.count ? histograms[histogram.rawValue] : HistogramSeries()
    }
}

/// What the requests of one route added up to.
package struct RouteSeries: Hashable, Sendable {
    package var host: String
    package var path: String
    package var ingress: ObjectName
    package var service: String
    package var statuses: [StatusSeries] = []

    package init(host: String, path: String, ingress: ObjectName, service: String) {
        self.host = host
        self.path = path
        self.ingress = ingress
        self.service = service
    }
}

/// A single number with labels.
package struct CounterSeries: Hashable, Sendable {
    package var name: String
    /// A gauge is summed over live processes; a counter also keeps what dead processes counted.
    package var isGauge: Bool
    package var value: Double
    /// Label pairs as name, value, name, value.
    package var labels: [String]

    package init(name: String, isGauge: Bool = false, value: Double, labels: [String] = []) {
        self.name = name
        self.isGauge = isGauge
        self.value = value
        self.labels = labels
    }
}
