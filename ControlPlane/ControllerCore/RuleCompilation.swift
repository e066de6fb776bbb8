import ModSecurity
import PorticoModel

/// Compiles ModSecurity's rules to see whether the workers will be able to.
enum RuleCompilation {
    /// - Returns: what is wrong; nil where nothing is, and where it cannot be known here because the library, or the core
    ///   rules, are only installed beside the workers.
    static func problem(of policy: FirewallPolicy) -> String? {
        guard FirewallRules.isAvailable else { return nil }
        let coreRules = policy.usesCoreRules ? CoreRuleSet() : nil
        do throws(FirewallRules.Failure) {
            _ = try FirewallRules(policy.rules, coreRules: coreRules?.files.isEmpty == false ? coreRules : nil)
            return nil
        } catch {
            return error.reason
        }
    }
}
