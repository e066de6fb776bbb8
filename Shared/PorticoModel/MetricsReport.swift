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

/// Requests by method and status.
package struct StatusCount: Hashable, Sendable {
    /// An index into the methods that both planes know, by their agreement.
    package var method: UInt32
    package var status: UInt32
    package var requests: UInt64

    package init(method: UInt32, status: UInt32, requests: UInt64) {
        self.method = method
        self.status = status
        self.requests = requests
    }
}

/// A histogram's cumulative state: the count of each bucket on its own, the last one without bound, and the sum.
package struct HistogramSeries: Hashable, Sendable {
    package var buckets: [UInt64]
    package var sum: Double

    package init(buckets: [UInt64] = [], sum: Double = 0) {
        self.buckets = buckets
        self.sum = sum
    }
}

/// What the requests of one route added up to.
package struct RouteSeries: Hashable, Sendable {
    package var host: String
    package var path: String
    package var ingress: ObjectName
    package var service: String
    package var counts: [StatusCount] = []
    package var durationSeconds = HistogramSeries()
    package var responseDurationSeconds = HistogramSeries()
    package var requestBytes = HistogramSeries()
    package var responseBytes = HistogramSeries()

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
