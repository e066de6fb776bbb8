import Testing

@testable import ClusterState

@Suite struct JSONReaderTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "[1,-2.5e3,\"x\",null,{\"a\":{\"b\":[false]}}]", "\"a\\\"b\\\\c\"", "\"\\u00e9\"",
    ])
    func `What is read is written again`(text: String) throws {
        let nodes = try JSONReader.readAll(text)
        #expect(nodes.count == 1)
        #expect(try JSONReader.readAll(nodes[0].json) == nodes)
    }

    @Test func `Escapes are decoded`() throws {
        let text = "\"\\u0041\\ud83d\\ude00\\n\\t\\/\""
        #expect(try JSONReader.readAll(text).first?.string == "A😀\n\t/")
    }

    @Test func `Nodes know their lines`() throws {
        let node = try #require(try JSONReader.readAll("{\n \"a\":\n  [1,\n 2]}").first)
        #expect(node["a"]?.line == 2)
        #expect(node["a"]?.list?.map(\.line) == [2, 3])
    }

    @Test func `Several values may follow each other`() throws {
        #expect(try JSONReader.readAll(" {} \n {} ").count == 2)
        #expect(try JSONReader.readAll(" \n ").isEmpty)
    }

    @Test(arguments: [
        "{", "[", "\"", "[1,]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "tru", "01x", "\"\\x\"", "\"\\ud800\"", "\"\\u12\"",
        "\"\n\"", "{\"a\":1,\"a\":2}", "nullx", "]",
    ])
    func `What is no JSON is refused`(text: String) {
        #expect(throws: DocumentFault.self) { try JSONReader.readAll(text) }
    }
}
