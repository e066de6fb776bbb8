import HTTPCore
import Patterns
import PorticoModel
import Testing

@testable import Policies

/// Variables by name: `host`, `arg_x`, `1`.
final class TestVariables: VariableSource {
    let values: [String: String]

    init(_ values: [String: String] = [:]) { self.values = values }

    private func put(_ name: String, _ writer: inout ByteWriter) -> Bool {
        guard let value = values[name] else { return false }
        writer.append(Array(value.utf8))
        return true
    }

    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool { put(variable.rawValue, &writer) }

    func write(geo index: Int, to writer: inout ByteWriter) -> Bool {
        put(GeoVariable.allCases[index].rawValue, &writer)
    }

    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        put("\(family)_" + String(decoding: name, as: UTF8.self), &writer)
    }

    func write(capture index: Int, to writer: inout ByteWriter) -> Bool { put("\(index)", &writer) }
    func write(custom index: Int, to writer: inout ByteWriter) -> Bool { put("custom\(index)", &writer) }
}

/// What `body` writes, as text.
func written(_ body: (inout ByteWriter) -> Void) -> String {
    withUnsafeTemporaryAllocation(byteCount: 8_192, alignment: 1) { memory in
        var writer = ByteWriter(memory)
        body(&writer)
        return String(decoding: writer.written, as: UTF8.self)
    }
}

func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R { Array(text.utf8).withUnsafeBytes(body) }

@Suite struct CompiledTemplateTests {
    private let source = TestVariables(["host": "a\"b\n", "argument_id": "7", "1": "x", "custom0": "mine"])

    @Test func `variables are put in, and what has no value is nothing`() throws {
        var custom = CustomVariables(["own"])
        let template = try #require(CompiledTemplate("[$arg_id$arg_no-$1-$own]", custom: &custom))
        #expect(written { template.write(from: source, to: &$0) } == "[7-x-mine]")
    }

    @Test(arguments: [
        (LogEscaping.standard, "a\\x22b\\x0A|-"), (.json, "a\\\"b\\n|"), (.none, "a\"b |"),
    ])
    func `values are escaped in log lines, and the text between is not`(escaping: LogEscaping, expected: String) throws
    {
        var custom = CustomVariables()
        let template = try #require(CompiledTemplate("$host|$status", custom: &custom))
        #expect(written { template.write(from: source, escaping: escaping, to: &$0) } == expected)
    }
}

@Suite struct RewriteRuleTests {
    @Test(arguments: [
        ("/$1", "a", "q=1", "/a?q=1"), ("/b?x=$1", "a b&c", "", "/b?x=a%20b%26c"), ("/b?x=1", "", "q", "/b?x=1&q"),
        ("/b?", "", "q", "/b"), ("$1", "no-slash", "", "/no-slash"), ("/$1", "ü", "", "/%C3%BC"),
        ("/x?$2", "", "q", "/x?q"),
    ])
    func `the target is made of path and query`(rule: String, group: String, query: String, expected: String) throws {
        var custom = CustomVariables()
        let rule = try #require(RewriteRule(rule, custom: &custom))
        let target = written { writer in
            withBytes(query) { _ = rule.write(from: TestVariables(["1": group]), query: $0, to: &writer) }
        }
        #expect(target == expected)
    }
}

@Suite struct HeaderEditTests {
    private let block = "Host: a\r\nX-A: 1\r\nx-a: 2\r\nX-B-C: 3\r\nX-B-D: 4\r\n"

    private func edited(_ changes: (HeaderEdits) -> Void) -> String {
        let edits = HeaderEdits(capacity: 1_024)
        edits.begin()
        changes(edits)
        return written { writer in withBytes(block) { edits.apply(to: $0, into: &writer) } }
    }

    @Test func `fields are set, added and removed`() {
        let text = edited { edits in
            edits.set("X-A") { $0.append("9") }
            edits.add("Y") { $0.append("new") }
            withBytes("x-b-*") { edits.remove($0) }
            withBytes("Host") { edits.setIfPresent($0) { $0.append("b") } }
            withBytes("Missing") { edits.setIfPresent($0) { $0.append("c") } }
        }
        #expect(text == "X-A: 9\r\nY: new\r\nHost: b\r\n")
    }

    @Test func `a later order of the same name counts, and an empty value removes`() {
        let text = edited { edits in
            edits.set("X-A") { $0.append("9") }
            edits.set("X-A") { _ in }
            withBytes("X-B-*") { edits.remove($0) }
        }
        #expect(text == "Host: a\r\n")
    }

    @Test func `no value ends its line`() {
        let text = edited { $0.add("Y") { $0.append("a\r\nEvil: 1\0") } }
        #expect(text.hasSuffix("Y: a  Evil: 1\r\n"))
    }
}
