import ClusterState
import PorticoModel

/// What would become of an Ingress.
package enum IngressReview: Hashable, Sendable {
    /// Another controller's.
    case foreign
    /// All that would be wrong with it, sorted.
    case ours([Diagnostic])
}

extension Compiler {
    /// Whether an Ingress is one that this compiler compiles.
    package func serves(_ ingress: Ingress) -> Bool { planPass().isServed(ingress) }

    /// Compiles a candidate against the present state, as if it replaced the Ingress of its name. Changes nothing, and
    /// costs what the candidate and the Ingresses that share its hosts cost.
    package func review(_ candidate: Ingress) -> IngressReview {
        let pass = planPass()
        let outcome = pass.plan(candidate)
        var diagnostics = Set(outcome.diagnostics)
        guard let plan = outcome.plan else {
            return pass.isServed(candidate) || !diagnostics.isEmpty ? .ours(diagnostics.sorted()) : .foreign
        }
        let reference = ObjectReference(kind: ObjectKind.ingress.rawValue, name: plan.name)
        let standard = options.settings.defaultPolicy
        for host in plan.hosts {
            var others = plansOf(host)
            let present = others.firstIndex { $0.name == plan.name }.map { others.remove(at: $0) }
            let known = Set(HostPass.merge(host, others + (present.map { [$0] } ?? []), standard: standard).conflicts)
            for conflict in HostPass.merge(host, others + [plan], standard: standard).conflicts {
                if conflict.object == reference {
                    diagnostics.insert(conflict)
                } else if !known.contains(conflict) {
                    diagnostics.insert(loss(conflict, to: reference))
                }
            }
        }
        return .ours(diagnostics.union(reviewAliases(plan)).sorted())
    }

    /// What becomes of `server-alias`, the candidate's and those of others.
    private func reviewAliases(_ plan: IngressPlan) -> [Diagnostic] {
        let reference = ObjectReference(kind: ObjectKind.ingress.rawValue, name: plan.name)
        var found: [Diagnostic] = []
        for alias in plan.aliases.sorted() where !plan.hosts.contains(alias) {
            let others = claims(on: alias, besides: plan.name)
            if isRuled(alias, besides: plan.name) {
                found += DerivedHostPass.conflicts(alias, [plan])
            } else {
                let known = Set(aliasConflicts(alias, others))
                found += aliasConflicts(alias, others + [plan]).filter { !known.contains($0) }
            }
        }
        guard plan.canary == nil else { return [] }
        for host in plan.hosts.sorted() where plans[plan.name]?.hosts.contains(host) != true {
            guard !isRuled(host, besides: plan.name) else { continue }
            found += DerivedHostPass.conflicts(host, claims(on: host, besides: plan.name))
        }
        return found.map { $0.object == reference ? $0 : loss($0, to: reference) }
    }

    private func aliasConflicts(_ alias: String, _ claims: [IngressPlan]) -> [Diagnostic] {
        DerivedHostPass.merge(alias, claims, redirectStatus: options.settings.redirectStatus) { hosts[$0] }.conflicts
    }

    private func claims(on alias: String, besides name: ObjectName) -> [IngressPlan] {
        ingressesOfDerivedHost[alias].filter { $0 != name }.compactMap { plans[$0] }
    }

    /// Whether a rule of an Ingress other than this one and canaries names the host.
    private func isRuled(_ host: String, besides name: ObjectName) -> Bool {
        plansOf(host).contains { $0.name != name && $0.canary == nil }
    }

    /// An older Ingress that gains a path may take it from a younger one.
    private func loss(_ conflict: Diagnostic, to candidate: ObjectReference) -> Diagnostic {
        let loser = conflict.object?.description ?? "another Ingress"
        return Diagnostic(
            severity: .warning, kind: conflict.kind, object: candidate, field: "spec",
            reason: "\(loser) would lose \(conflict.field): \(conflict.reason)", consequence: conflict.consequence)
    }
}
