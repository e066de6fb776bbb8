import PorticoModel
import PorticoTelemetry
import Synchronization

/// Adds up what all workers counted, living and dead, so that totals never go back when a worker is replaced.
///
/// Reports are cumulative within an incarnation of a process. When its link ends, its gauges no longer count, and its
/// counters stay; should the same incarnation come back, it goes on where it was. Once another incarnation takes its
/// place, what it counted is folded into one base, so memory does not grow with restarts.
package final class MetricsAggregator: Sendable {
    struct RouteKey: Hashable, Comparable, Sendable {
        var host: String
        var path: String
        var ingress: ObjectName
        var service: String

        static func < (left: RouteKey, right: RouteKey) -> Bool {
            (left.host, left.path, left.ingress, left.service) < (right.host, right.path, right.ingress, right.service)
        }
    }

    private struct CounterKey: Hashable, Comparable {
        var name: String
        var labels: [String]

        static func < (left: CounterKey, right: CounterKey) -> Bool {
            left.name != right.name ? left.name < right.name : left.labels.lexicographicallyPrecedes(right.labels)
        }
    }

    /// Numbers the routes, so that each is named once however many workers count it.
    private struct RouteNumbers {
        private(set) var keys: [RouteKey] = []
        private var numbers: [RouteKey: Int] = [:]

        mutating func number(of key: RouteKey) -> Int {
            if let number = numbers[key] { return number }
            numbers[key] = keys.count
            keys.append(key)
            return keys.count - 1
        }
    }

    private struct Totals {
        /// By the route's number; there may be fewer than routes.
        var routes: [PackedRouteSeries?] = []
        var counters: [CounterKey: Double] = [:]
        var gauges: [CounterKey: Double] = [:]

        func route(_ number: Int) -> PackedRouteSeries? { number < routes.count ? routes[number] : nil }

        mutating func set(_ series: PackedRouteSeries, at number: Int) {
            while routes.count <= number { routes.append(nil) }
            routes[number] = series
        }
    }

    private struct Process {
        var name: String
        var isConnected = true
        var totals = Totals()
    }

    private struct State {
        var routes = RouteNumbers()
        var processes: [String: Process] = [:]
        var base = Totals()
    }

    private let state = Mutex(State())
    private let controllerLabels: PrometheusText.Labels

    /// - Parameter controllerLabels: `controller_class`, `controller_namespace`, `controller_pod`, as on every request metric.
    package init(controllerLabels: PrometheusText.Labels) {
        self.controllerLabels = controllerLabels
    }

    /// A process said hello. `process` names its place (node and process), which one incarnation holds at a time.
    package func begin(_ incarnation: String, process: String) {
        state.withLock { state in
            for (former, record) in state.processes where record.name == process && former != incarnation {
                MetricsAggregator.addRoutes(of: record.totals, to: &state.base, state.routes.keys)
                MetricsAggregator.addNumbers(of: record.totals, to: &state.base, withGauges: false)
                state.processes[former] = nil
            }
            state.processes[incarnation, default: Process(name: process)].isConnected = true
        }
    }

    /// Takes cumulative values over those that the incarnation reported before.
    package func take(_ report: MetricsReport, from incarnation: String) {
        state.withLock { state in
            guard var process = state.processes.removeValue(forKey: incarnation) else { return }
            for series in report.routes {
                let key = RouteKey(
                    host: series.host, path: series.path, ingress: series.ingress, service: series.service)
                process.totals.set(PackedRouteSeries(series), at: state.routes.number(of: key))
            }
            for series in report.counters {
                let key = CounterKey(name: series.name, labels: series.labels)
                if series.isGauge {
                    process.totals.gauges[key] = series.value
                } else {
                    process.totals.counters[key] = series.value
                }
            }
            state.processes[incarnation] = process
        }
    }

    /// The link of an incarnation ended.
    package func end(_ incarnation: String) {
        state.withLock { $0.processes[incarnation]?.isConnected = false }
    }

    /// Every family that workers report.
    package func pages() -> MetricsPages {
        let (totals, routes) = state.withLock { (MetricsAggregator.sum($0), MetricsAggregator.routes($0)) }
        var rest = PrometheusText()
        writeNumbers(totals.counters, .counter, into: &rest)
        writeNumbers(totals.gauges, .gauge, into: &rest)
        return MetricsPages(
            controllerLabels: controllerLabels, routes: routes.sorted { $0.key < $1.key }, rest: rest.text)
    }

    /// Each route with what every process counted of it, to be added up when it is written.
    private static func routes(_ state: State) -> [MetricsPages.Route] {
        let sources = [state.base] + state.processes.values.map(\.totals)
        return state.routes.keys.enumerated().map { number, key in
            MetricsPages.Route(key: key, parts: sources.compactMap { $0.route(number) })
        }
    }

    private static func sum(_ state: State) -> Totals {
        var totals = Totals()
        addNumbers(of: state.base, to: &totals, withGauges: false)
        for process in state.processes.values {
            addNumbers(of: process.totals, to: &totals, withGauges: process.isConnected)
        }
        return totals
    }

    private static func addRoutes(of totals: Totals, to sum: inout Totals, _ keys: [RouteKey]) {
        for (number, key) in keys.enumerated() {
            guard let part = totals.route(number) else { continue }
            var series = RouteSeries(key)
            sum.route(number)?.add(to: &series)
            part.add(to: &series)
            sum.set(PackedRouteSeries(series), at: number)
        }
    }

    private static func addNumbers(of totals: Totals, to sum: inout Totals, withGauges: Bool) {
        for (key, value) in totals.counters { sum.counters[key, default: 0] += value }
        guard withGauges else { return }
        for (key, value) in totals.gauges {
            guard let present = sum.gauges[key] else {
                sum.gauges[key] = value
                continue
            }
            sum.gauges[key] = key.name == WorkerMetric.oldestStartSeconds ? min(present, value) : present + value
        }
    }

    private func writeNumbers(
        _ numbers: [CounterKey: Double], _ kind: PrometheusText.Kind, into text: inout PrometheusText
    ) {
        var family = ""
        for (key, value) in numbers.sorted(by: { $0.key < $1.key }) {
            if key.name != family {
                family = key.name
                text.begin(family, kind, WorkerMetric.help[family] ?? "Reported by the data plane.")
            }
            // Dashboards choose the controller by these labels.
            var labels = key.name.hasPrefix("nginx_ingress_controller_") ? controllerLabels : []
            labels += stride(from: 0, to: key.labels.count - 1, by: 2).map {
                (name: key.labels[$0], value: key.labels[$0 + 1])
            }
            text.sample(key.name, labels, value)
        }
    }
}

extension RouteSeries {
    init(_ key: MetricsAggregator.RouteKey) {
        self.init(host: key.host, path: key.path, ingress: key.ingress, service: key.service)
    }
}
