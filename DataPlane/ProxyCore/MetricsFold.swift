import Glibc
import HTTP2Core
import HTTPCore
import PorticoModel
import PorticoTelemetry
import StreamProxy

/// Folds a worker's counters into reports of the series that changed.
final class MetricsFold {
    let core: WorkerCore
    private let streams: StreamProxy
    private var reported: [String: Double] = [:]
    private var reportsAll = true
    private let startedAt: Int

    init(core: WorkerCore, streams: StreamProxy) {
        self.core = core
        self.streams = streams
        startedAt = core.loop.clock.secondsOfDay
    }

    /// The next report names every series: the reader may be a new one.
    func forgetReported() { reportsAll = true }

    /// - Returns: nil where nothing changed.
    func report(connections: Int) -> MetricsReport? {
        var slots = core.takeDirtyStatistics()
        if reportsAll {
            slots = core.statistics.indices.filter { core.statistics[$0] != nil }
            reported = [:]
            reportsAll = false
        }
        let report = MetricsReport(routes: slots.compactMap(series), counters: counters())
        return report.routes.isEmpty && report.counters.isEmpty ? nil : report
    }

    private func series(_ slot: Int) -> RouteSeries? {
        guard let statistics = core.statistics[slot], let key = core.registries.routes.key(of: slot) else { return nil }
        var series = RouteSeries(host: key.host, path: key.path, ingress: key.ingress, service: service(key.upstream))
        series.statuses = statistics.statuses.map {
            $0.series(methodIndex: Self.methodIndexes[Int($0.method.rawValue)])
        }
        return series
    }

    private func service(_ upstream: String) -> String {
        core.tables.routing.settings(ofUpstream: upstream)?.service.name ?? ""
    }

    /// By `HTTPMethod`.
    private static let methodIndexes: [UInt32] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "OTHER",
    ].map { RequestMethod.index(of: $0) }

    private func counters() -> [CounterSeries] {
        let counters = core.counters
        var list: [CounterSeries] = []
        func add(_ name: String, _ value: some BinaryInteger, gauge: Bool = false, _ labels: [String] = []) {
            add(name, Double(value), gauge: gauge, labels)
        }
        func add(_ name: String, _ value: Double, gauge: Bool = false, _ labels: [String] = []) {
            let key = labels.isEmpty ? name : name + "\u{0}" + labels.joined(separator: "\u{0}")
            guard reported.updateValue(value, forKey: key) != value, value != 0 || gauge else { return }
            list.append(CounterSeries(name: name, isGauge: gauge, value: value, labels: labels))
        }
        let open = counters.openConnections
        let busy = min(open, counters.activeRequests)
        add(WorkerMetric.connections, open, gauge: true, ["state", "active"])
        add(WorkerMetric.connections, 0, gauge: true, ["state", "reading"])
        add(WorkerMetric.connections, busy, gauge: true, ["state", "writing"])
        add(WorkerMetric.connections, open - busy, gauge: true, ["state", "waiting"])
        add(WorkerMetric.connectionsTotal, counters.acceptedConnections, ["state", "accepted"])
        add(WorkerMetric.connectionsTotal, counters.handledConnections, ["state", "handled"])
        add(WorkerMetric.requestsTotal, counters.requests)
        add(WorkerMetric.readBytesTotal, counters.downstreamBytesRead)
        add(WorkerMetric.writeBytesTotal, counters.downstreamBytesWritten)
        add(WorkerMetric.processes, 1, gauge: true)
        add(WorkerMetric.oldestStartSeconds, startedAt, gauge: true)
        add(WorkerMetric.cpuSecondsTotal, ProcessUsage.cpuSeconds)
        let memory = ProcessUsage.memoryBytes
        add(WorkerMetric.residentBytes, memory.resident, gauge: true)
        add(WorkerMetric.virtualBytes, memory.virtual, gauge: true)
        add(WorkerMetric.accessLogDropped, core.log.droppedLines + core.streamLog.droppedLines)
        add(WorkerMetric.upstreamRetries, counters.upstreamRetries)
        add(WorkerMetric.openUpstreamConnections, counters.openUpstreamConnections, gauge: true)
        add(WorkerMetric.refusedRequests, counters.malformedRequests, ["reason", "malformed"])
        add("portico_worker_upstream_connects_total", counters.upstreamConnects)
        add("portico_worker_upstream_reuses_total", counters.upstreamReuses)
        add("portico_worker_upstream_failures_total", counters.upstreamFailures)
        add("portico_worker_upstream_ejections_total", counters.ejections)
        add("portico_worker_stale_replays_total", counters.staleReplays)
        add("portico_worker_exhausted_patterns_total", counters.patternsExhausted)
        add("portico_worker_limited_requests_total", counters.requestsLimited)
        add("portico_worker_dropped_mirrors_total", counters.mirrorsDropped)
        add("portico_worker_spans_total", core.spans.recorded)
        add("portico_worker_dropped_spans_total", core.spans.dropped)
        add("portico_worker_timeouts_total", counters.timeouts)
        add("portico_worker_spilled_bodies_total", counters.bodiesSpilled)
        add("portico_worker_rule_refusals_total", counters.requestsRefusedByRules)
        add("portico_worker_buffer_bytes", core.buffers.bytesInUse, gauge: true)
        add("portico_worker_http2_connections_total", counters.http2Connections)
        for flood in FloodGuard.Flood.allCases {
            add("portico_worker_http2_floods_total", counters.http2Floods[Int(flood.rawValue)], ["kind", flood.label])
        }
        for (key, count) in core.failures {
            add(WorkerMetric.upstreamErrors, count, ["upstream", key.upstream, "reason", key.reason])
        }
        let limits: [(String, UInt64)] = [
            ("connections", counters.refusedConnections), ("header", counters.headersTooLarge),
            ("body", counters.bodiesTooLarge), ("descriptors", counters.descriptorsExhausted),
        ]
        addTLS { add($0, $1, $2) }
        for (service, counters) in streams.counters.map({ ($0.description, $1) }) + [
            ("passthrough", streams.passthrough)
        ] {
            let labels = ["service", service]
            add("portico_stream_sessions", counters.openSessions, gauge: true, labels)
            add("portico_stream_sessions_total", counters.sessions, labels)
            add("portico_stream_received_bytes_total", counters.receivedBytes, labels)
            add("portico_stream_sent_bytes_total", counters.sentBytes, labels)
            let failures: [(String, UInt64)] = [
                ("attempt", counters.failedAttempts), ("no_endpoint", counters.unservedSessions),
                ("timeout", counters.timeouts), ("limit", counters.refusedSessions),
                ("proxy_protocol", counters.malformedHeaders),
            ]
            for (reason, count) in failures {
                add("portico_stream_failures_total", count, labels + ["reason", reason])
            }
        }
        for (limit, count) in limits { add("portico_worker_limit_hits_total", count, ["limit", limit]) }
        return list
    }
}

/// What the kernel says that this process uses.
enum ProcessUsage {
    static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
    }

    static var memoryBytes: (virtual: Int, resident: Int) {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return (0, 0) }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &text, text.count)
        let fields = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        guard fields.count > 1 else { return (0, 0) }
        let page = sysconf(Int32(_SC_PAGESIZE))
        return ((Int(fields[0]) ?? 0) * page, (Int(fields[1]) ?? 0) * page)
    }
}
