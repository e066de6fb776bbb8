internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ policy: FirewallPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__FirewallPolicy>? {
        let message = arena.make(portico__snapshot__v1__firewall_policy__init)
        message.pointee.rules = arena.text(policy.rules)
        message.pointee.uses_core_rules = policy.usesCoreRules ? 1 : 0
        message.pointee.transaction_id = arena.text(policy.transactionID)
        return message
    }

    static func decode(_ message: Portico__Snapshot__V1__FirewallPolicy) throws(SnapshotError) -> FirewallPolicy {
        let reader = FieldReader(message: "FirewallPolicy")
        var policy = FirewallPolicy()
        policy.rules = try reader.text(message.rules, "rules")
        policy.usesCoreRules = message.uses_core_rules != 0
        policy.transactionID = try reader.text(message.transaction_id, "transaction_id")
        return policy
    }
}
