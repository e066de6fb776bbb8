/// One way to compress responses. Only for clients that accept it, and responses without Content-Encoding.
package struct CompressionSettings: Hashable, Sendable {
    package var level: UInt32 = 0
    /// A shorter response, by its Content-Length, stays as it is; one without Content-Length is compressed.
    package var minimumBytes: UInt32 = 0
    /// Media types, lower case, without parameters. `text/html` is always among them; `*` is any.
    package var types: [String] = []
    /// Regular expressions; a User-Agent that matches gets nothing compressed (`gzip-disable`).
    package var excludedAgents: [String] = []

    package init() {}
}

/// A text as nginx's `map` writes it: equal (letters' case aside), or `~` and a regular expression, or `~*` and one
/// that takes no notice of case.
package struct TextPattern: Hashable, Sendable {
    package var text = ""
    package var kind: TextMatch = .exact

    package init() {}
}

/// How a line of the access log is made.
package struct LogFormat: Hashable, Sendable {
    package var template = ""
    package var escaping: LogEscaping = .standard

    package init() {}
}

/// How variables are written into a log line. Raw values are on the wire.
package enum LogEscaping: UInt32, Hashable, Sendable, CaseIterable {
    /// `"`, `\` and bytes outside 32 to 126 as `\xXX`; an absent value is `-`.
    case standard = 0
    /// As JSON strings want it; an absent value is empty.
    case json = 1
    /// Control characters alone are escaped, so that no request can forge a line; an absent value is empty.
    case `none` = 2
}
