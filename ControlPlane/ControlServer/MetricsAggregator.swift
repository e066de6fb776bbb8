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

    private struct Totals {
        var routes: [RouteKey: RouteSeries] = [:]
        var counters: [CounterKey: Double] = [:]
        var gauges: [CounterKey: Double] = [:]
    }

    private struct Process {
        var name: String
        var isConnected = true
        var totals = Totals()
    }

    private struct State {
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
                MetricsAggregator.add(record.totals, to: &state.base, withGauges: false)
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
                process.totals.routes[key] = series
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
        let totals = sum()
        var rest = PrometheusText()
        writeNumbers(totals.counters, .counter, into: &rest)
        writeNumbers(totals.gauges, .gauge, into: &rest)
        let routes = totals.routes.sorted { $0.key < $1.key }.map { MetricsPages.Route(key: $0.key, series: $0.value) }
        return MetricsPages(controllerLabels: controllerLabels, routes: routes, rest: rest.text)
    }

    private func sum() -> Totals {
        state.withLock { state in
            var totals = state.base
            for process in state.processes.values {
                MetricsAggregator.add(process.totals, to: &totals, withGauges: process.isConnected)
            }
            return totals
        }
    }

    private static func add(_ totals: Totals, to sum: inout Totals, withGauges: Bool) {
        for (key, series) in totals.routes {
            sum.routes[key, default: RouteSeries(key)].add(series)
        }
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
    fileprivate init(_ key: MetricsAggregator.RouteKey) {
        self.init(host: key.host, path: key.path, ingress: key.ingress, service: key.service)
    }

    fileprivate mutating func add(_ other: RouteSeries) {
        for status in other.statuses {
            if let index = statuses.firstIndex(where: { $0.method == status.method && $0.status == status.status }) {
                statuses[index].add(status)
            } else {
                statuses.append(status)
            }
        }
    }
}

extension StatusSeries {
    fileprivate mutating func add(_ other: StatusSeries) {
        requests += other.requests
        for (index, histogram) in other.histograms.enumerated() {
            if index < histograms.count { histograms[index].add(histogram) } else { histograms.append(histogram) }
        }
    }
}
