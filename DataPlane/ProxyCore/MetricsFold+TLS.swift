import TLSEngine

/// What a worker counts of TLS.
extension MetricsFold {
    func addTLS(_ add: (String, UInt64, [String]) -> Void) {
        let counters = core.counters
        for (index, version) in TLSSession.versions.enumerated() {
            let labels = ["version", version, "resumed"]
            add("portico_tls_handshakes_total", counters.handshakes[index], labels + ["false"])
            add("portico_tls_handshakes_total", counters.resumedHandshakes[index], labels + ["true"])
        }
        add("portico_tls_handshake_failures_total", counters.failedHandshakes, ["reason", "handshake"])
        add("portico_tls_handshake_failures_total", counters.refusedHandshakes, ["reason", "limit"])
        add("portico_upstream_tls_handshakes_total", counters.upstreamHandshakes, ["resumed", "false"])
        add("portico_upstream_tls_handshakes_total", counters.resumedUpstreamHandshakes, ["resumed", "true"])
    }
}
