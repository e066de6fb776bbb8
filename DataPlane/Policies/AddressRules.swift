import EventLoop
import PorticoModel

/// Ordered lines of allow and deny: the first that contains the address decides. Neighbours that decide alike are one set, so
/// that a long list costs one search.
package struct AddressRules {
    private var groups: [(blocks: AddressBlocks, allows: Bool)] = []

    package init(_ rules: [AddressRule]) {
        var texts: [String] = []
        for (index, rule) in rules.enumerated() {
            texts.append(rule.block)
            if index + 1 == rules.count || rules[index + 1].allows != rule.allows {
                groups.append((AddressBlocks(texts), rule.allows))
                texts = []
            }
        }
    }

    package var isEmpty: Bool { groups.isEmpty }

    /// Whether the client is let in, as it is where no line speaks of it.
    package func allows(_ address: SocketAddress) -> Bool {
        for group in groups where group.blocks.contains(address) { return group.allows }
        return true
    }
}
