import SnippetParser
import Testing

@Suite struct DirectiveParserTests {
    private func parse(_ text: String) throws -> [Directive] { try DirectiveParser.parse(text) }

    @Test func `Words, quotes, comments and blocks are told apart`() throws {
        let text = """
            # a comment; with { braces }
            add_header X-A "a; b { c } # d" always;
            if ($host = 'it''s') {
              return 301 https://${host}/x;
            }
            """
        #expect(throws: SnippetSyntaxError(line: 3, reason: "a space is missing after the quote")) { try parse(text) }
        let repaired = text.split(separator: "'it''s'").joined(separator: "\"it's\"")
        #expect(
            try parse(repaired) == [
                Directive(name: "add_header", arguments: ["X-A", "a; b { c } # d", "always"], line: 2),
                Directive(
                    name: "if", arguments: ["($host", "=", "it's", ")"],
                    block: [Directive(name: "return", arguments: ["301", "https://${host}/x"], line: 4)], line: 3),
            ])
    }

    @Test(arguments: [
        (#"a "\"";"#, ["\""]), (#"a '\'';"#, ["'"]), (#"a "x\\y";"#, ["x\\y"]), (#"a \.php$;"#, ["\\.php$"]),
        (#"a "\t";"#, ["\t"]), (#"a ^/x(.*)$ /y$1;"#, ["^/x(.*)$", "/y$1"]), (#"a "{2}";"#, ["{2}"]),
        ("a b#c;", ["b#c"]),
        ("a  b\r\n\tc ;", ["b", "c"]), ("a \"\";", [""]),
    ])
    func `Arguments are what nginx reads`(text: String, arguments: [String]) throws {
        #expect(try parse(text).map(\.arguments) == [arguments])
    }

    @Test(arguments: [
        ("a b", 1), ("a b;\n}", 2), ("\n\na {", 3), (";", 1), ("{", 1), ("a \"b;", 1), ("a ${b;", 1), ("a;\nb c\nd", 2),
        ("a { b }", 1), ("a \"b\"c;", 1),
    ])
    func `A text that is no configuration is refused with the line`(text: String, line: Int) {
        #expect { try parse(text) } throws: { ($0 as? SnippetSyntaxError)?.line == line }
    }

    @Test func `What is in a Lua block is not read`() throws {
        let found = try parse("access_by_lua_block { if x then y = { 1 } end; \" }\nreturn 1;")
        #expect(found.map(\.name) == ["access_by_lua_block", "return"])
    }

    @Test func `Blocks are nested only so deep, and texts only so long`() {
        #expect(throws: SnippetSyntaxError.self) { try parse(String(repeating: "a {", count: 100)) }
        #expect(throws: SnippetSyntaxError.self) { try parse(String(repeating: "a b;", count: 20_000)) }
    }
}
