import ClusterState
import PorticoModel

extension GlobalOptionRegistry {
    /// Translates the settings of one class of Ingresses, which go before those of the controller. A value that cannot be
    /// taken leaves the controller's in force.
    ///
    /// Whoever writes them need not be the controller's administrator, so what Ingresses may do stays as it is.
    ///
    /// - Parameter isAlone: the data plane serves nothing else, so its own settings may be other ones too.
    package static func options(
        of own: ConfigMap, over base: ConfigMap?, isAlone: Bool, redirectsNamePorts: Bool = false
    ) -> (options: GlobalOptions, diagnostics: [Diagnostic]) {
        let start = options(of: nil, redirectsNamePorts: redirectsNamePorts).options
        let standard = options(of: base, redirectsNamePorts: redirectsNamePorts).options
        let entries = Dictionary((base?.data ?? []).map { ($0.key, $0) }) { $1 }
        var merged = entries
        var diagnostics: [Diagnostic] = []
        for entry in own.data {
            var changed = entries
            changed[entry.key] = entry
            var probe = start
            let findings = take(sorted(changed), into: &probe)
            var finding = findings.first { $0.entry == entry }?.finding
            if finding == nil, !standard.permitsAsMuch(as: probe) {
                finding = .foreign("only the controller's ConfigMap may say what Ingresses are allowed")
            } else if finding == nil, !isAlone, probe != standard, !probe.bearsOnIngresses(differentlyFrom: standard) {
                finding = .foreign("holds for a whole data plane, which serves other classes too")
            }
            if var finding {
                finding.consequence = "the controller's setting stays in force"
                diagnostics.append(finding.diagnostic(entry, of: own))
            } else {
                merged[entry.key] = entry
            }
        }
        var options = start
        _ = take(sorted(merged), into: &options)
        return (options, diagnostics)
    }

    private static func sorted(_ entries: [String: ConfigMap.Entry]) -> [ConfigMap.Entry] {
        entries.values.sorted { $0.key < $1.key }
    }
}

extension Finding {
    fileprivate static func foreign(_ reason: String) -> Finding {
        Finding(kind: .unsupported, reason: reason, consequence: "")
    }
}
