/// Reads a text of nginx's configuration language into directives.
package enum DirectiveParser {
    private static let maximumDepth = 8
    private static let maximumArguments = 64

    package static func parse(_ text: String) throws(SnippetSyntaxError) -> [Directive] {
        var tokens = try Tokenizer(text)
        return try block(&tokens, depth: 0, openedAt: nil)
    }

    /// - Parameter line: where the block was opened; nil for the whole text.
    private static func block(
        _ tokens: inout Tokenizer, depth: Int, openedAt line: Int?
    ) throws(SnippetSyntaxError) -> [Directive] {
        var directives: [Directive] = []
        while true {
            let (token, at) = try tokens.next()
            switch token {
            case .word(let name): directives.append(try directive(name, at, &tokens, depth: depth))
            case .semicolon: throw SnippetSyntaxError(line: at, reason: "there is nothing before \";\"")
            case .open: throw SnippetSyntaxError(line: at, reason: "there is nothing before \"{\"")
            case .close:
                guard line != nil else { throw SnippetSyntaxError(line: at, reason: "\"}\" closes nothing") }
                return directives
            case .end:
                if let line { throw SnippetSyntaxError(line: line, reason: "the block is not closed") }
                return directives
            }
        }
    }

    private static func directive(
        _ name: String, _ line: Int, _ tokens: inout Tokenizer, depth: Int
    ) throws(SnippetSyntaxError) -> Directive {
        var directive = Directive(name: name, line: line)
        while true {
            let (token, at) = try tokens.next()
            switch token {
            case .word(let argument):
                guard directive.arguments.count < maximumArguments else {
                    throw SnippetSyntaxError(line: at, reason: "\(name) has more than \(maximumArguments) arguments")
                }
                directive.arguments.append(argument)
            case .semicolon: return directive
            case .open:
                guard depth < maximumDepth else {
                    throw SnippetSyntaxError(line: at, reason: "blocks are nested too deep")
                }
                if name.hasSuffix("_by_lua_block") {
                    try tokens.skipBlock()
                    directive.block = []
                } else {
                    directive.block = try block(&tokens, depth: depth + 1, openedAt: at)
                }
                return directive
            case .close, .end: throw SnippetSyntaxError(line: line, reason: "\(name) does not end in \";\"")
            }
        }
    }
}
