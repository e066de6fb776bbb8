import ControlServer
import PorticoModel
import PorticoTelemetry
import RouteCompiler
import SnapshotStore
import TraceExport

/// What the controller itself contributes to `/metrics`, as it is at one moment.
struct ControllerFacts: Sendable {
    struct Worker: Sendable {
        var node: String
        var process: String
        var version: Version
        var isRefusing: Bool
    }

    struct Group: Sendable {
        var name: String
        var running: Version
        var newestCompiled: Version
        var rootHash: UInt64
        var isPinned: Bool
        var sections: Int
        var publications: UInt64
        var traces: TraceExportCounters
    }

    /// The default one first.
    var groups: [Group]
    var errors: Int
    var warnings: Int
    var acknowledgements: UInt64
    var refusals: UInt64
    var lastAcknowledgedAt: Double?
    var workers: [Worker]
    var link: LinkListenerCounters
    var store: SnapshotStore.Health
    /// Nil where there is no election.
    var election: (lease: String, isLeader: Bool)?
    var droppedEvents: UInt64 = 0
    var certificates: [ServedCertificate] = []
}

extension ControllerConfiguration {
    /// The labels that ingress-nginx puts on every series.
    var controllerLabels: PrometheusText.Labels {
        [
            ("controller_class", controllerClass), ("controller_namespace", podNamespace),
            ("controller_pod", podName),
        ]
    }
}

extension Controller {
    /// The Prometheus text. Written off the controller's queue, for with many routes it is long.
    nonisolated func metricsPages(link: LinkListenerCounters) async -> MetricsPages {
        let facts = await facts(link: link)
        var text = PrometheusText()
        facts.write(controllerLabels: configuration.controllerLabels, into: &text)
        CertificateMetrics(
            certificates: facts.certificates, controllerClass: configuration.controllerClass,
            podNamespace: configuration.podNamespace
        ).write(into: &text)
        var pages = metrics.pages()
        pages.append(text.text)
        return pages
    }

    private func facts(link: LinkListenerCounters) -> ControllerFacts {
        let present = presentDiagnostics
        return ControllerFacts(
            groups: streams.map(Self.facts), errors: present.count { $0.severity == .error },
            warnings: present.count { $0.severity == .warning }, acknowledgements: workers.acknowledgements,
            refusals: workers.refusals,
            lastAcknowledgedAt: workers.lastAcknowledgedAt,
            workers: workers.all.map {
                .init(
                    node: $0.client.hello.node, process: $0.client.hello.process, version: $0.version,
                    isRefusing: $0.refused != nil)
            }, link: link, store: store.health,
            election: configuration.duties?.election.map { ($0.lease.name, duties?.leadership.mayWrite == true) },
            droppedEvents: duties?.events.dropped ?? 0, certificates: servedCertificates)
    }

    /// Class groups may serve the same host.
    private var servedCertificates: [ServedCertificate] {
        var seen: Set<[String]> = []
        return streams.flatMap(\.servedCertificates).filter { seen.insert([$0.host, $0.secret.description]).inserted }
    }

    private static func facts(_ stream: ClassStream) -> ControllerFacts.Group {
        let publisher = stream.publisher
        let root = publisher.running?.tree.rootDigest.bytes.prefix(6) ?? []
        return ControllerFacts.Group(
            name: stream.name, running: publisher.running?.version ?? .none,
            newestCompiled: publisher.newestCompiled?.version ?? .none,
            rootHash: root.reduce(0) { $0 << 8 | UInt64($1) }, isPinned: publisher.pin != nil,
            sections: publisher.sectionCount, publications: stream.publications,
            traces: stream.exporter?.counters ?? TraceExportCounters())
    }
}

extension ControllerFacts.Group {
    fileprivate var labels: PrometheusText.Labels { [("class_group", name)] }
}

extension ControllerFacts {
    func write(controllerLabels: PrometheusText.Labels, into text: inout PrometheusText) {
        writeLikeIngressNginx(controllerLabels, into: &text)
        writeVersions(into: &text)
        writeCounters(into: &text)
    }

    private func writeLikeIngressNginx(_ labels: PrometheusText.Labels, into text: inout PrometheusText) {
        let prefix = "nginx_ingress_controller_"
        text.begin(
            prefix + "build_info", .gauge, "A metric with a constant '1' labeled with information about the build.")
        text.sample(
            prefix + "build_info",
            labels + [("build", "portico"), ("release", ControlPlane.release), ("repository", "portico")], 1.0)
        text.begin(prefix + "config_hash", .gauge, "Running configuration hash actually running")
        text.sample(prefix + "config_hash", labels, groups.first?.rootHash ?? 0)
        text.begin(
            prefix + "config_last_reload_successful", .gauge,
            "Whether the last configuration was applied by every worker")
        let isApplied = !workers.contains { $0.isRefusing }
        text.sample(prefix + "config_last_reload_successful", labels, isApplied ? 1.0 : 0)
        text.begin(
            prefix + "config_last_reload_successful_timestamp_seconds", .gauge,
            "Timestamp of the last configuration that a worker applied.")
        text.sample(
            prefix + "config_last_reload_successful_timestamp_seconds", labels, lastAcknowledgedAt?.rounded() ?? 0)
        if let election {
            text.begin(
                prefix + "leader_election_status", .gauge, "1 while this replica leads, by the name of the Lease")
            text.sample(
                prefix + "leader_election_status", labels + [("name", election.lease)], election.isLeader ? 1.0 : 0)
        }
        text.begin(prefix + "success", .counter, "Versions that workers applied")
        text.sample(prefix + "success", labels, acknowledgements)
        text.begin(prefix + "errors", .counter, "Versions that workers refused")
        text.sample(prefix + "errors", labels, refusals)
    }

    private func writeVersions(into text: inout PrometheusText) {
        text.begin("portico_published_version", .gauge, "The version that workers shall run, in two parts")
        for group in groups { write(group.running, "portico_published_version", group.labels, &text) }
        text.begin("portico_compiled_version", .gauge, "The newest compiled version, in two parts")
        for group in groups { write(group.newestCompiled, "portico_compiled_version", group.labels, &text) }
        text.begin("portico_applied_version", .gauge, "The version that a worker runs, in two parts")
        for worker in workers {
            let labels = [("node", worker.node), ("process", worker.process)]
            write(worker.version, "portico_applied_version", labels, &text)
        }
        text.begin("portico_pinned", .gauge, "1 while a rollback holds newer versions back")
        for group in groups { text.sample("portico_pinned", group.labels, group.isPinned ? 1.0 : 0) }
        text.begin("portico_sections", .gauge, "Sections of the published configuration")
        for group in groups { text.sample("portico_sections", group.labels, UInt64(group.sections)) }
        text.begin("portico_connected_processes", .gauge, "Processes of the data plane that hold a control link")
        text.sample("portico_connected_processes", [], UInt64(workers.count))
    }

    private func write(
        _ version: Version, _ name: String, _ labels: PrometheusText.Labels, _ text: inout PrometheusText
    ) {
        text.sample(name, labels + [("part", "epoch")], version.epoch)
        text.sample(name, labels + [("part", "sequence")], version.sequence)
    }

    private func writeTraces(into text: inout PrometheusText) {
        text.begin("portico_exported_spans_total", .counter, "Spans that the collector took")
        for group in groups { text.sample("portico_exported_spans_total", group.labels, group.traces.exported) }
        text.begin("portico_dropped_spans_total", .counter, "Spans that no collector took in time")
        for group in groups { text.sample("portico_dropped_spans_total", group.labels, group.traces.dropped) }
        text.begin("portico_span_export_failures_total", .counter, "Attempts to export spans that came to nothing")
        for group in groups {
            text.sample("portico_span_export_failures_total", group.labels, group.traces.failures)
        }
    }

    private func writeCounters(into text: inout PrometheusText) {
        text.begin("portico_diagnostics", .gauge, "Present diagnostics about files and objects")
        text.sample("portico_diagnostics", [("severity", "error")], UInt64(errors))
        text.sample("portico_diagnostics", [("severity", "warning")], UInt64(warnings))
        text.begin("portico_publications_total", .counter, "Versions published")
        for group in groups { text.sample("portico_publications_total", group.labels, group.publications) }
        writeTraces(into: &text)
        let counters: [(name: String, help: String, value: UInt64)] = [
            ("portico_rejected_snapshots_total", "Versions that a worker refused", refusals),
            ("portico_link_connections_total", "Connections to the control link", link.connections),
            (
                "portico_link_malformed_frames_total", "Control links closed for a malformed or unexpected frame",
                link.malformedFrames
            ),
            ("portico_link_untrusted_peers_total", "Peers of another user that were turned away", link.untrustedPeers),
            (
                "portico_link_incompatible_peers_total", "Peers that speak no protocol in common",
                link.incompatiblePeers
            ),
            (
                "portico_link_unknown_class_groups_total", "Peers that asked for a class group that there is not",
                link.unknownClassGroups
            ),
            (
                "portico_link_silent_clients_total", "Control links closed because the client answered no ping",
                link.silentClients
            ),
            ("portico_link_sent_bytes_total", "Bytes sent over control links", link.sentBytes),
            ("portico_dropped_events_total", "Events that were not written because there were too many", droppedEvents),
            ("portico_snapshot_store_errors_total", "Failed operations on the snapshot history", store.errors),
        ]
        for counter in counters {
            text.begin(counter.name, .counter, counter.help)
            text.sample(counter.name, [], counter.value)
        }
        text.begin("portico_snapshot_store_up", .gauge, "1 while the snapshot history is on disk")
        text.sample("portico_snapshot_store_up", [], store.currentError == nil ? 1.0 : 0)
    }
}
