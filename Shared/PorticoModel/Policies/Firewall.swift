/// Rules in ModSecurity's language that requests and the heads of responses go through.
package struct FirewallPolicy: Hashable, Sendable {
    /// What comes behind the recommended configuration and the core rules. Checked: it touches no files.
    package var rules = ""
    /// The OWASP core rules, as they are installed beside the worker.
    package var usesCoreRules = false
    /// The template of what a request is called in log lines; empty: its request ID.
    package var transactionID = ""

    package init() {}
}
