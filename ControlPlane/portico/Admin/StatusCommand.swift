import ArgumentParser
import PorticoModel

/// `portico status`: workers, versions, the pin, diagnostics.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Workers, versions, acknowledgements, the pin and diagnostics.")

    @OptionGroup var options: AdminOptions

    func run() throws {
        let answer: AdminStatus = try options.client.get("/v1/status")
        try options.show(answer, render)
    }

    private func render(_ status: AdminStatus) -> String {
        var parts = [summary(of: status), workers(of: status)]
        if !status.diagnostics.isEmpty { parts.append(diagnostics(of: status)) }
        return parts.joined(separator: "\n\n")
    }

    private func summary(of status: AdminStatus) -> String {
        var lines = [
            "published  \(status.published)", "compiled   \(status.compiled)",
            "ready      \(status.ready ? "yes" : "no")", "hosts      \(status.hosts)",
            "upstreams  \(status.upstreams)",
        ]
        if let pin = status.pin {
            let reason = pin.reason.isEmpty ? "" : ": \(pin.reason)"
            lines.append("pinned     \(pin.version) restores \(pin.restored) since \(pin.since)\(reason)")
        }
        return lines.joined(separator: "\n")
    }

    private func workers(of status: AdminStatus) -> String {
        guard !status.workers.isEmpty else { return "No worker is connected." }
        var table = TextTable(["NODE", "PROCESS", "PID", "VERSION", "CONNECTED", "REFUSED"])
        for worker in status.workers {
            let refused = worker.rejectedVersion.map { "\($0): \(worker.rejectedReason ?? "no reason given")" }
            table.append([
                worker.node, worker.process, String(worker.processID), worker.version, worker.connectedSince,
                refused ?? "-",
            ])
        }
        return table.text
    }

    private func diagnostics(of status: AdminStatus) -> String {
        status.diagnostics.map { diagnostic in
            var place: [String] = []
            if let file = diagnostic.file { place.append(diagnostic.line.map { "\(file):\($0)" } ?? file) }
            if let object = diagnostic.object { place.append(object) }
            if !diagnostic.field.isEmpty { place.append(diagnostic.field) }
            let consequence = diagnostic.consequence.isEmpty ? "" : " (\(diagnostic.consequence))"
            return "\(diagnostic.severity): \((place + [diagnostic.reason]).joined(separator: ": "))\(consequence)"
        }.joined(separator: "\n")
    }
}
