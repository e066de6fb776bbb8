import ModSecurity
import PorticoModel
import WebApplicationFirewall

/// `FirewallPolicy`, ready.
package final class CompiledFirewall {
    /// Nil where they could not be compiled: then nobody gets through.
    package let rules: FirewallRules?
    /// Why there are none, until it was said.
    package private(set) var complaint: String?
    package let transactionID: CompiledTemplate?

    init(_ policy: FirewallPolicy, custom: inout CustomVariables) {
        transactionID = CompiledTemplate(unlessEmpty: policy.transactionID, custom: &custom)
        do throws(FirewallRules.Failure) {
            rules = try FirewallRuleCache.shared.rules(policy.rules, usesCoreRules: policy.usesCoreRules)
        } catch {
            rules = nil
            complaint = error.reason
        }
    }

    package func takeComplaint() -> String? {
        defer { complaint = nil }
        return complaint
    }
}
