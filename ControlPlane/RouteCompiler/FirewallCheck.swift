import PorticoModel

/// Whether ModSecurity's rules compile, asked once for each text.
package final class FirewallCheck {
    private let compile: (FirewallPolicy) -> String?
    private var known: [FirewallPolicy: String?] = [:]
    /// Rules of Ingresses that are gone are forgotten with all others at this many.
    private static let maximumKnown = 1_000

    /// - Parameter compile: what is wrong with the rules; nil where nothing is.
    package init(_ compile: @escaping (FirewallPolicy) -> String? = { _ in nil }) { self.compile = compile }

    func problem(of policy: FirewallPolicy) -> String? {
        var policy = policy
        policy.transactionID = ""
        if let answer = known[policy] { return answer }
        if known.count >= Self.maximumKnown { known = [:] }
        let answer = compile(policy)
        known[policy] = .some(answer)
        return answer
    }
}
