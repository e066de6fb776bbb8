/// The flags of ingress-nginx that have nothing to act on here.
///
/// They are taken out of the arguments, each with a line that says why, so that a Deployment's arguments can stay as they
/// are. What would weaken a protection if it were passed over is not among them.
enum FormerFlags {
    struct Definition {
        var name: String
        /// Written alone, or with `=true` and `=false`.
        var isSwitch = false
        var reason: String
    }

    static let all: [Definition] = groups.flatMap { group in
        group.names.map { Definition(name: $0, isSwitch: group.areSwitches, reason: group.reason) }
    }

    private static let groups: [(names: [String], areSwitches: Bool, reason: String)] = [
        (["deep-inspect", "enable-annotation-validation"], true, "every value is always inspected"),
        (["disable-full-test"], true, "the webhook compiles the candidate and whatever shares its hosts"),
        (["enable-ssl-chain-completion"], true, "chains are not fetched; the Secret holds the whole chain"),
        (["enable-topology-aware-routing"], true, "endpoints of all zones take their turn"),
        (["exclude-socket-metrics", "metrics-per-undefined-host"], true, "there are no such metrics"),
        (["metrics-per-host"], true, "metrics always have the label host"),
        (["report-status-classes"], true, "metrics always have the status itself"),
        (
            ["bucket-factor", "length-buckets", "max-buckets", "size-buckets", "time-buckets"], false,
            "histograms have the default buckets of ingress-nginx"
        ),
        (
            ["dynamic-configuration-retries", "monitor-max-batch-size"], false,
            "the link to the data plane keeps the newest state and needs no retries"
        ),
        (["sync-period"], false, "objects are watched, and listed again only where a watch cannot go on"),
        (
            [
                "default-server-port", "internal-logger-address", "ssl-passthrough-proxy-port", "status-port",
                "stream-port",
            ],
            false, "the proxy has no listeners for its own use"
        ),
        (["health-check-timeout"], false, "the health check asks no other process"),
        (
            ["post-shutdown-grace-period", "shutdown-grace-period"], false,
            "the control plane carries no traffic; the proxy drains when it ends"
        ),
        (["profiling"], true, "there is no profiler within"),
        (["profiler-port"], false, "there is no profiler within"),
        (
            [
                "maxmind-edition-ids", "maxmind-license-key", "maxmind-mirror", "maxmind-retries-count",
                "maxmind-retries-timeout",
            ], false, "GeoIP databases are not downloaded"
        ),
        (["alsologtostderr", "logtostderr", "skip-headers"], true, "the log always goes to standard error"),
        (["v", "stderrthreshold"], false, "see --log-level"),
    ]

    /// The page docs/reference/flags.md; `make golden` writes it.
    static var page: String {
        let rows = all.sorted { $0.name < $1.name }.map { "| `--\($0.name)` | \($0.reason) |" }
        return """
            # Flags of portico-control

            Written from the program itself. Flags are ingress-nginx's where it has one for the same, and may be written as there:
            `--flag=value`, `--flag value`, and `=true` or `=false` for those that take no value. A flag that is not known ends the
            program with exit code 2.

            ```
            \(PorticoControl.helpMessage(columns: 118))
            ```

            ## Flags of ingress-nginx that have no effect

            They may stay among the arguments: each is reported once, in a line on standard error, and passed over.

            | flag | why |
            |---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// - Returns: what is left, and a line for each flag that was taken out.
    static func take(_ arguments: [String]) -> (rest: [String], notes: [String]) {
        var rest: [String] = []
        var notes: [String] = []
        var words = arguments[...]
        while let word = words.popFirst() {
            let text = word == "-v" || word.hasPrefix("-v=") ? "-" + word : word
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let head = parts.first, head.hasPrefix("--"), let known = byName[String(head.dropFirst(2))] else {
                rest.append(word)
                continue
            }
            if parts.count == 1, !known.isSwitch { words = words.dropFirst() }
            notes.append("\(head) has no effect: \(known.reason)")
        }
        return (rest, notes)
    }
}
