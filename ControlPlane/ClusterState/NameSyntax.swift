import PorticoModel

/// The syntaxes of names as the API server checks them. Each function returns what is wrong, or nil.
package enum NameSyntax {
    /// RFC 1123 label: at most 63 of `a-z`, `0-9` and `-`, with an alphanumeric at both ends.
    package static func labelFault(_ text: some StringProtocol) -> String? {
        let bytes = text.utf8
        guard !bytes.isEmpty else { return "must not be empty" }
        guard bytes.count <= 63 else { return "must be no more than 63 characters" }
        var last: UInt8 = 0
        for byte in bytes {
            guard isLabelByte(byte), last != 0 || isAlphanumeric(byte) else { return labelSyntax }
            last = byte
        }
        return isAlphanumeric(last) ? nil : labelSyntax
    }

    private static let labelSyntax =
        "must consist of lower case letters, digits and '-', and start and end with a letter or digit"

    /// RFC 1035 label, as a Service's name: a label that starts with a letter.
    package static func serviceNameFault(_ text: some StringProtocol) -> String? {
        if let fault = labelFault(text) { return fault }
        guard let first = text.utf8.first, isLetter(first) else { return "must start with a letter" }
        return nil
    }

    /// RFC 1123 subdomain: labels between dots, at most 253 characters.
    package static func subdomainFault(_ text: some StringProtocol) -> String? {
        let bytes = text.utf8
        guard !bytes.isEmpty else { return "must not be empty" }
        guard bytes.count <= 253 else { return "must be no more than 253 characters" }
        var previous = UInt8(ascii: ".")
        for byte in bytes {
            let isEdge = previous == UInt8(ascii: ".") || byte == UInt8(ascii: ".")
            let isDotAfterAlphanumeric = byte == UInt8(ascii: ".") && isAlphanumeric(previous)
            let fits = isEdge ? isAlphanumeric(byte) || isDotAfterAlphanumeric : isLabelByte(byte)
            guard fits else { return subdomainSyntax }
            previous = byte
        }
        return isAlphanumeric(previous) ? nil : subdomainSyntax
    }

    private static let subdomainSyntax =
        "must consist of lower case letters, digits, '-' and '.', and start and end with a letter or digit"

    /// A host of an Ingress: a DNS name, or one whose first label is `*`; no address.
    package static func hostFault(_ host: String) -> String? {
        if IPAddress(host) != nil { return "must be a DNS name, not an IP address" }
        guard host.utf8.contains(UInt8(ascii: "*")) else { return subdomainFault(host) }
        guard host.hasPrefix("*."), !host.dropFirst().utf8.contains(UInt8(ascii: "*")) else {
            return "'*' is allowed only as the whole first label, as in '*.example.com'"
        }
        return subdomainFault(host.dropFirst(2))
    }

    /// The name of a port as others refer to it: at most 15 of `a-z`, `0-9` and `-`, with at least one letter.
    package static func portNameFault(_ name: String) -> String? {
        let bytes = name.utf8
        guard bytes.count <= 15 else { return "must be no more than 15 characters" }
        if let fault = labelFault(name) { return fault }
        guard bytes.contains(where: isLetter) else { return "must contain at least one letter" }
        guard !name.contains("--") else { return "must not contain consecutive hyphens" }
        return nil
    }

    /// A key of a ConfigMap or Secret.
    package static func dataKeyFault(_ key: String) -> String? {
        let fits = key.utf8.allSatisfy { byte in
            isAlphanumeric(byte | 0x20) || isAlphanumeric(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
        }
        guard fits, !key.isEmpty, key.utf8.count <= 253, key != ".", !key.hasPrefix("..") else {
            return "must consist of letters, digits, '-', '_' and '.', and be no more than 253 characters"
        }
        return nil
    }

    /// A path of type Exact or Prefix.
    package static func pathFault(_ path: String) -> String? {
        guard path.utf8.first == UInt8(ascii: "/") else { return "must be an absolute path" }
        let elements = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, element) in elements.enumerated() {
            let isLast = index == elements.count - 1
            if element.isEmpty, !isLast { return "must not contain '//'" }
            if element.elementsEqual(".".utf8) { return isLast ? "must not end with '/.'" : "must not contain '/./'" }
            if element.elementsEqual("..".utf8) {
                return isLast ? "must not end with '/..'" : "must not contain '/../'"
            }
        }
        if path.utf8.contains(UInt8(ascii: "%")), path.lowercased().contains("%2f") {
            return "must not contain an encoded slash"
        }
        return controlFault(path)
    }

    /// Control bytes reach neither a route nor a log.
    package static func controlFault(_ text: String) -> String? {
        text.utf8.contains { $0 < 0x20 || $0 == 0x7F } ? "must not contain control characters" : nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLetter(byte) || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "-") }
}
