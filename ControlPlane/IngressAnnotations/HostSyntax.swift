/// Names of hosts as Ingresses have them.
package enum HostSyntax {
    /// A lower case DNS name, or one with `*.` in front.
    package static func isHost(_ text: String) -> Bool {
        let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        let hyphen = UInt8(ascii: "-")
        let fits = label.utf8.allSatisfy {
            $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == hyphen || $0 == UInt8(ascii: "_")
        }
        return fits && !label.isEmpty && label.utf8.count <= 63 && label.utf8.first != hyphen
            && label.utf8.last != hyphen
    }
}
