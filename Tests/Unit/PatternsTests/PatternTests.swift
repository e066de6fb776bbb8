import Testing

@testable import Patterns

private func groups(_ pattern: Pattern, in subject: String) -> [String?]? {
    let captures = Captures()
    let bytes = Array(subject.utf8)
    return bytes.withUnsafeBytes { memory in
        guard pattern.match(memory, into: captures) == .matched else { return nil }
        return (0...pattern.captureCount).map { index in
            captures.group(index).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }
}

@Suite struct PatternTests {
    @Test(
        arguments: [
            ("^/api/(.*)", "/api/v1/x", ["/api/v1/x", "v1/x"]), ("^/a(/|$)(.*)", "/a", ["/a", "", ""]),
            ("(\\d+)-(\\d+)?", "x 12-", ["12-", "12", nil]), ("", "", [""]),
        ] as [(String, String, [String?])])
    func `groups are found`(pattern: String, subject: String, expected: [String?]) throws {
        #expect(groups(try Pattern(pattern), in: subject) == expected)
    }

    @Test func `case is ignored on request`() throws {
        #expect(groups(try Pattern("^/API", ignoresCase: true), in: "/api/x") == ["/api"])
        #expect(groups(try Pattern("^/API"), in: "/api/x") == nil)
    }

    @Test(arguments: [("(", 1), ("[z-a]", 3), ("a{2,1}", 5)])
    func `a bad pattern says where`(pattern: String, offset: Int) {
        #expect { try Pattern(pattern) } throws: { error in
            (error as? Pattern.CompileError)?.offset == offset
        }
    }

    @Test(arguments: ["^(a+)+$", "^(a|a)*$"])
    func `a hostile pattern is given up`(pattern: String) throws {
        let subject = Array((String(repeating: "a", count: 4_000) + "!").utf8)
        let pattern = try Pattern(pattern)
        #expect(subject.withUnsafeBytes { pattern.match($0, into: Captures()) } == .exhausted)
    }

    @Test func `more groups than there are places do no harm`() throws {
        let pattern = try Pattern(String(repeating: "(a)?", count: 30))
        let captures = Captures()
        let subject = Array("aaaaaaaaaaaaaaaaaaaa".utf8)
        #expect(subject.withUnsafeBytes { pattern.match($0, into: captures) } == .matched)
        #expect(captures.group(9) == 8..<9)
        #expect(captures.group(10) == nil)
    }
}
