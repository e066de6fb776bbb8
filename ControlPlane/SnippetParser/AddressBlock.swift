import Glibc

/// CIDR blocks as texts.
enum AddressBlock {
    /// The block with its prefix length; nil for what is no address.
    static func normalised(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let width = width(of: parts[0]) else { return nil }
        guard parts.count == 2 else { return "\(text)/\(width)" }
        guard let prefix = UInt8(parts[1]), Int(prefix) <= width else { return nil }
        return text
    }

    /// The bits of an address; nil where it is none.
    private static func width(of address: String) -> Int? {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return 32 }
        var six = in6_addr()
        return inet_pton(AF_INET6, address, &six) == 1 ? 128 : nil
    }
}
