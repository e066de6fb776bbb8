/// One directive of nginx's configuration language.
package struct Directive: Hashable, Sendable {
    package var name: String
    package var arguments: [String]
    /// Nil where it ends in a semicolon.
    package var block: [Directive]?
    /// One-based line of its name.
    package var line: Int

    package init(name: String, arguments: [String] = [], block: [Directive]? = nil, line: Int = 1) {
        self.name = name
        self.arguments = arguments
        self.block = block
        self.line = line
    }
}

/// Why a text is no configuration.
package struct SnippetSyntaxError: Error, Hashable, Sendable {
    package var line: Int
    package var reason: String

    package init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}
