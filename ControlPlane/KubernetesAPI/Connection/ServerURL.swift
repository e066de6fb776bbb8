/// The parts of `https://host:port/path`.
package struct ServerURL: Hashable, Sendable {
    package var scheme: String
    /// With brackets where it is an IPv6 address.
    package var host: String
    package var port: Int
    /// Without a slash at its end.
    package var path: String

    package init?(_ text: String) {
        guard let mark = text.firstRange(of: "://") else { return nil }
        scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.contains("?"), !path.contains("#"), !authority.contains("@") else { return nil }
        port = scheme == "https" ? 443 : 80
        var host = authority
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { return nil }
            port = Int(number)
            host = authority[..<colon]
        }
        guard !host.isEmpty else { return nil }
        self.host = String(host)
    }

    package var authority: String { "\(host):\(port)" }

    package var isLoopback: Bool { host == "localhost" || host.hasPrefix("127.") || host == "[::1]" }

    /// As connections take it.
    package var text: String { "\(scheme)://\(authority)\(path)" }
}
