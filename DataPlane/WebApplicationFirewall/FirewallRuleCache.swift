import ModSecurity
import Synchronization

/// The compiled rules of a process: routes with equal rules share them, and they go with the last table that names them.
package final class FirewallRuleCache: Sendable {
    private struct Key: Hashable {
        var text: String
        var usesCoreRules: Bool
    }

    private struct Reference {
        weak var rules: FirewallRules?
    }

    private struct State {
        var coreRules = CoreRuleSet()
        var known: [Key: Reference] = [:]
    }

    package static let shared = FirewallRuleCache()

    private let state = Mutex(State())

    /// Where the core rules are, for rules that are compiled from now on.
    package func configure(coreRules: CoreRuleSet) { state.withLock { $0.coreRules = coreRules } }

    package func rules(_ text: String, usesCoreRules: Bool) throws(FirewallRules.Failure) -> FirewallRules {
        let key = Key(text: text, usesCoreRules: usesCoreRules)
        if let known = state.withLock({ $0.known[key]?.rules }) { return known }
        let rules = try FirewallRules(text, coreRules: usesCoreRules ? state.withLock { $0.coreRules } : nil)
        state.withLock { state in
            state.known = state.known.filter { $0.value.rules != nil }
            state.known[key] = Reference(rules: rules)
        }
        return rules
    }
}
