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
        var parts = [overview(of: status)] + status.classGroups.map(summary)
        parts.append(workers(of: status))
        if !status.diagnostics.isEmpty { parts.append(diagnostics(of: status)) }
        return parts.joined(separator: "\n\n")
    }

    private func overview(of status: AdminStatus) -> String {
        let ready = "ready      \(status.ready ? "yes" : "no")"
        guard let election = status.election else { return ready }
        let leader = election.leader.isEmpty ? "nobody" : election.leader
        return "\(ready)\nleader     \(leader)\(election.isThis ? " (this replica)" : "")"
    }

    private func summary(of group: AdminClassGroup) -> String {
        var lines = [
            "group      \(group.name)", "published  \(group.published)", "compiled   \(group.compiled)",
            "hosts      \(group.hosts)", "upstreams  \(group.upstreams)",
        ]
        if let pin = group.pin {
            let reason = pin.reason.isEmpty ? "" : ": \(pin.reason)"
            lines.append("pinned     \(pin.version) restores \(pin.restored) since \(pin.since)\(reason)")
        }
        return lines.joined(separator: "\n")
    }

    private func workers(of status: AdminStatus) -> String {
        guard !status.workers.isEmpty else { return "No worker is connected." }
        var table = TextTable(["NODE", "PROCESS", "PID", "GROUP", "VERSION", "CONNECTED", "ANSWERS", "REFUSED"])
        for worker in status.workers {
            let refused = worker.rejectedVersion.map { "\($0): \(worker.rejectedReason ?? "no reason given")" }
            table.append([
                worker.node, worker.process, String(worker.processID), worker.classGroup, worker.version,
                worker.connectedSince, worker.isResponding ? "yes" : "no", refused ?? "-",
            ])
        }
        return table.text
    }

    private func diagnostics(of status: AdminStatus) -> String {
        status.diagnostics.map { "\($0.severity): \($0)" }.joined(separator: "\n")
    }
}
