import ClusterState
import PorticoModel

/// The stage between plans and sections: the hosts, with their conflicts and canaries.
extension Compiler {
    /// Merges the hosts of the batch: first those that rules name, then those that depend on them.
    func remergeHosts(_ work: inout CompilerWork) {
        var derived: Set<String> = []
        for host in work.hosts {
            derived.formUnion(aliases(of: host))
            if isRuled(host) { remerge(host, &work) } else { derived.insert(host) }
        }
        for host in derived where !isRuled(host) { remergeDerived(host, &work) }
    }

    /// Whether a rule of an Ingress other than a canary names the host.
    private func isRuled(_ host: String) -> Bool { ingressesOfHost[host].contains { plans[$0]?.canary == nil } }

    /// The hosts that take their routes from this one.
    private func aliases(of host: String) -> Set<String> {
        Set(ingressesOfHost[host].lazy.compactMap { self.plans[$0] }.flatMap(\.aliases))
    }

    private func remerge(_ host: String, _ work: inout CompilerWork) {
        let members = ingressesOfHost[host].compactMap { plans[$0] }
        let merged = HostPass.merge(
            host, members, standard: options.settings.defaultPolicy, sharesUpstreamTLS: options.sharesUpstreamTLS)
        let claims = ingressesOfDerivedHost[host].compactMap { plans[$0] }
        replaceConflicts(host, merged.conflicts + DerivedHostPass.conflicts(host, claims))
        replace(host, with: merged.routes, &work)
    }

    private func remergeDerived(_ host: String, _ work: inout CompilerWork) {
        let members = ingressesOfDerivedHost[host].compactMap { plans[$0] }
        let merged = DerivedHostPass.merge(host, members, redirectStatus: options.settings.redirectStatus) { hosts[$0] }
        let canaries = HostPass.merge(
            host, ingressesOfHost[host].compactMap { plans[$0] }, standard: options.settings.defaultPolicy)
        replaceConflicts(host, merged.conflicts + canaries.conflicts)
        replace(host, with: members.isEmpty ? nil : merged.routes, &work)
    }

    private func replace(_ host: String, with routes: [MergedRoute]?, _ work: inout CompilerWork) {
        if replaceTLS(host, exists: routes != nil) { work.emittedHosts.insert(host) }
        let old = hosts[host]
        guard routes != old else { return }
        hosts[host] = routes
        work.emittedHosts.insert(host)
        upstreams.move(
            .host(host), from: Set((old ?? []).lazy.flatMap(\.upstreams)),
            to: Set((routes ?? []).lazy.flatMap(\.upstreams)))
    }

    private func replaceConflicts(_ host: String, _ conflicts: [Diagnostic]) {
        var byLoser: [ObjectReference: [Diagnostic]] = [:]
        for conflict in conflicts {
            if let object = conflict.object { byLoser[object, default: []].append(conflict) }
        }
        for loser in losersOfHost[host] ?? [] where byLoser[loser] == nil {
            diagnosticTable.replace(loser, .host(host), with: [])
        }
        for (loser, diagnostics) in byLoser { diagnosticTable.replace(loser, .host(host), with: diagnostics) }
        losersOfHost[host] = byLoser.isEmpty ? nil : Set(byLoser.keys)
    }
}
