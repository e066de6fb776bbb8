/// The names that workers and the supervisor give to the single numbers of their reports.
///
/// The control plane writes the nginx names as ingress-nginx writes them; others appear as they are.
package enum WorkerMetric {
    /// Gauge with the label `state`: active, reading, writing or waiting.
    package static let connections = "nginx_ingress_controller_nginx_process_connections"
    /// Counter with the label `state`: accepted or handled.
    package static let connectionsTotal = "nginx_ingress_controller_nginx_process_connections_total"
    package static let requestsTotal = "nginx_ingress_controller_nginx_process_requests_total"
    package static let cpuSecondsTotal = "nginx_ingress_controller_nginx_process_cpu_seconds_total"
    package static let residentBytes = "nginx_ingress_controller_nginx_process_resident_memory_bytes"
    package static let virtualBytes = "nginx_ingress_controller_nginx_process_virtual_memory_bytes"
    package static let readBytesTotal = "nginx_ingress_controller_nginx_process_read_bytes_total"
    package static let writeBytesTotal = "nginx_ingress_controller_nginx_process_write_bytes_total"
    package static let processes = "nginx_ingress_controller_nginx_process_num_procs"
    /// Gauge in seconds since 1970; the smallest of all processes counts, not the sum.
    package static let oldestStartSeconds = "nginx_ingress_controller_nginx_process_oldest_start_time_seconds"
    /// Counter that the supervisor reports: workers that it started again.
    package static let workerRestarts = "portico_worker_restarts_total"
    package static let accessLogDropped = "portico_access_log_dropped_lines_total"
    /// Counter with the label `reason`: requests that no route could be found for, or that were refused as malformed.
    package static let refusedRequests = "portico_refused_requests_total"
    /// Counter with the labels `upstream` and `reason`.
    package static let upstreamErrors = "portico_upstream_errors_total"
    package static let upstreamRetries = "portico_upstream_retries_total"
    package static let openUpstreamConnections = "portico_upstream_connections"

    /// What each of them means, for the people who read /metrics.
    package static let help = [
        connections: "Client connections by state.",
        connectionsTotal: "Client connections since the start, accepted and handled.",
        requestsTotal: "Requests since the start.",
        cpuSecondsTotal: "CPU time of the data plane in seconds.",
        residentBytes: "Resident memory of the data plane.",
        virtualBytes: "Virtual memory of the data plane.",
        readBytesTotal: "Bytes read from clients and endpoints.",
        writeBytesTotal: "Bytes written to clients and endpoints.",
        processes: "Processes of the data plane.",
        oldestStartSeconds: "When the oldest process started, in seconds since 1970.",
        workerRestarts: "Workers that the supervisor started again.",
        accessLogDropped: "Lines of the access log that were dropped rather than waited for.",
        refusedRequests: "Requests refused before a route was chosen, by reason.",
        upstreamErrors: "Attempts that failed, by upstream and reason.",
        upstreamRetries: "Attempts that followed a failed one.",
        openUpstreamConnections: "Open connections to endpoints.",
    ]
}
