/// A URL of http or https, taken apart without being resolved.
package struct WebAddress: Hashable, Sendable {
    package var usesTLS: Bool
    /// As written, without the port; may hold variables.
    package var host: String
    package var port: UInt16
    /// Path and query, at least `/`; a template.
    package var target: String

    /// - Parameter text: of which variables may be any part but the scheme and the port.
    package init(_ text: String) throws(ValueFault) {
        let fault = ValueFault("must be a URL as http://host/path, not '\(text)'")
        let rest: Substring
        if text.hasPrefix("http://") {
            (usesTLS, rest) = (false, text.dropFirst(7))
        } else if text.hasPrefix("https://") {
            (usesTLS, rest) = (true, text.dropFirst(8))
        } else {
            throw fault
        }
        let end = WebAddress.endOfAuthority(rest)
        let authority = rest[..<end]
        target = rest[end...].first == "/" ? String(rest[end...]) : "/\(rest[end...])"
        port = usesTLS ? 443 : 80
        host = String(authority)
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { throw fault }
            port = number
            host = String(authority[..<colon])
        }
        guard !host.isEmpty else { throw fault }
    }

    /// A slash, a question mark, or a variable that holds the path: `https://host$request_uri`.
    private static func endOfAuthority(_ text: Substring) -> Substring.Index {
        let plain = text.firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        for name in ["$request_uri", "${request_uri}", "$uri", "$escaped_request_uri"] {
            if let found = text.firstRange(of: name), found.lowerBound < plain, found.lowerBound != text.startIndex {
                return found.lowerBound
            }
        }
        return plain
    }

    package var namesVariable: Bool { host.contains("$") }

    /// The Host header: with the port unless it is the scheme's own.
    package var authority: String { port == (usesTLS ? 443 : 80) ? host : "\(host):\(port)" }
}
