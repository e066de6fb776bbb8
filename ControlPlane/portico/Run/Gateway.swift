import Glibc
import ProcessSupervision

/// The processes of `portico run`: keeps them alive, says when they are ready, and takes them down together.
final class Gateway {
    /// How long the proxy may take to finish its requests once the gateway is told to stop.
    private static let grace: Milliseconds = 30_000

    private let plan: RunPlan
    private let supervisor = Supervisor()
    private let probe: ReadinessProbe
    private let hasTerminal = isatty(STDIN_FILENO) == 1
    private var isStopping = false
    private var status: Int32 = 0

    init(plan: RunPlan) {
        self.plan = plan
        probe = ReadinessProbe(address: plan.metrics.reachable, path: "/readyz")
    }

    /// - Returns: the exit code for the process.
    func run() throws(CommandFailure) -> Int32 {
        supervisor.log = { line in writeLine("portico: \(line)", to: STDERR_FILENO) }
        supervisor.onSignal = { self.take(signal: $0) }
        add("portico-control", try sibling("portico-control"), plan.controlArguments)
        add("portico-proxy", try sibling("portico-proxy"), plan.proxyArguments)
        for words in plan.companions {
            guard let path = words.first else { continue }
            add(path.split(separator: "/").last.map(String.init) ?? path, path, Array(words.dropFirst()))
        }
        awaitReadiness()
        do { try supervisor.run() } catch { throw CommandFailure.unusable(error.description) }
        return status
    }

    private func add(_ name: String, _ path: String, _ arguments: [String]) {
        var child = Supervisor.Child(name: name) { ChildCommand(path: path, arguments: arguments) }
        child.onEnd = { end, isStopping in
            // The child has said in its own line what it was given wrong; starting it again would say the same.
            if end == .code(2) && !isStopping && !self.probe.hasSucceeded { self.stop(status: 2) }
        }
        supervisor.add(child)
    }

    private func take(signal: Int32) {
        switch signal {
        // It means that the terminal is gone, where there was one, and elsewhere nothing.
        case SIGHUP where !hasTerminal: break
        case _ where isStopping: supervisor.stop(grace: 0)
        default: stop(status: 0)
        }
    }

    private func stop(status: Int32) {
        isStopping = true
        self.status = status
        supervisor.stop(grace: Gateway.grace)
        supervisor.loop.schedule(after: 1_000) { [supervisor] in
            supervisor.log("requests under way are being finished; stop again to end them at once")
        }
    }

    private func awaitReadiness() {
        guard !isStopping else { return }
        if probe.succeeds() { return printBanner() }
        supervisor.loop.schedule(after: 50) { self.awaitReadiness() }
    }

    private func printBanner() {
        let first = plan.http[0].reachable
        var lines = [
            "",
            "  Portico serves \(plan.folder) on \((plan.http.map { "http://\($0)" } + plan.https.map { "https://\($0)" }).joined(separator: ", "))",
            "",
        ]
        lines.append("    curl -i http://\(first)/")
        if !plan.companions.isEmpty {
            lines.append("    curl -i -H 'Host: demo.localhost' http://\(first)/coffee")
            lines.append("    curl -i -H 'Host: tea.shops.localhost' http://\(first)/")
            lines.append("    in a browser: http://demo.localhost:\(first.port)/")
        }
        lines.append("    metrics: http://\(plan.metrics.reachable)/metrics")
        lines.append("    status:  portico status --data-dir \(plan.dataDirectory)")
        lines += [
            "", "  Change a file in \(plan.folder), and the next request is served by it. Ctrl-C stops everything.", "",
        ]
        writeLine(lines.joined(separator: "\n"), to: STDOUT_FILENO)
    }

    /// The programs are installed side by side.
    private func sibling(_ name: String) throws(CommandFailure) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { own[..<$0] } ?? "."
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw CommandFailure.unusable("\(name) is missing beside this program, at \(path)")
        }
        return path
    }
}
