import ClusterState
import Testing

@testable import KubernetesAPI

@Suite struct JSONStreamScannerTests {
    /// What is cut out of a text that arrives in chunks of one size.
    private func pieces(
        of text: String, _ shape: JSONStreamScanner.Shape, chunk: Int
    ) throws -> (items: [String], metadata: [String]) {
        var scanner = JSONStreamScanner(shape)
        var (items, metadata): ([String], [String]) = ([], [])
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            try Array(bytes[start..<min(start + chunk, bytes.count)]).withUnsafeBufferPointer { part in
                try scanner.take(part) { piece, found throws(DocumentFault) in
                    let text = String(decoding: found, as: UTF8.self)
                    if case .metadata = piece { metadata.append(text) } else { items.append(text) }
                }
            }
        }
        #expect(scanner.isBetweenValues)
        return (items, metadata)
    }

    @Test(arguments: [1, 2, 3, 7, 16, 10_000])
    func `A list is cut into its items and its metadata wherever the chunks end`(_ chunk: Int) throws {
        let text = """
            {"kind":"List","note":{"items":[{"no":1}],"metadata":{}},"metadata":{"continue":"x","a":[1,{"b":2}]},
             "items" : [ {"a":"}],{\\"\\\\"},{"b":[{"c":1},[]],"metadata":{"n":1}} , {} ],"more":[{"items":[{}]}]}
            """
        let (items, metadata) = try pieces(of: text, .list, chunk: chunk)
        #expect(items == [#"{"a":"}],{\"\\"}"#, #"{"b":[{"c":1},[]],"metadata":{"n":1}}"#, "{}"])
        #expect(metadata == [#"{"continue":"x","a":[1,{"b":2}]}"#])
    }

    @Test(arguments: [1, 5, 10_000])
    func `Events of a watch are cut apart`(_ chunk: Int) throws {
        let events = [#"{"type":"ADDED","object":{"a":["\"]"]}}"#, #"{"type":"BOOKMARK","object":{}}"#]
        #expect(try pieces(of: events.joined(separator: "\n") + "\n", .values, chunk: chunk).items == events)
    }

    @Test func `A bracket too many is a fault`() {
        #expect(throws: DocumentFault.self) { try pieces(of: "{}}", .values, chunk: 1) }
    }
}

@Suite struct ReflectorStateTests {
    private func object(_ name: String, _ version: String, namespace: String = "default") -> ObjectNode {
        ["metadata": ["name": .text(name), "namespace": .text(namespace), "resourceVersion": .text(version)]]
    }

    @Test func `A second list yields what differs from the first`() {
        var state = ReflectorState(.services)
        state.beginList()
        #expect(state.listed(object("a", "1"))?.node?["kind"]?.string == "Service")
        #expect(state.listed(object("b", "2")) != nil)
        #expect(state.finishList(version: "3").isEmpty)
        state.beginList()
        #expect(state.version == nil)
        #expect(state.listed(object("a", "1")) == nil)
        #expect(state.listed(object("c", "4"))?.name.name == "c")
        #expect(state.finishList(version: "5").map(\.name.name) == ["b"])
        #expect(state.version == "5")
    }

    @Test func `Events move the version on, and one of a known version says nothing new`() throws {
        var state = ReflectorState(.services)
        state.beginList()
        _ = state.listed(object("a", "1"))
        _ = state.finishList(version: "3")
        for (type, node, isNews) in [
            ("MODIFIED", object("a", "1"), false), ("MODIFIED", object("a", "4"), true),
            ("DELETED", object("a", "5"), true), ("DELETED", object("a", "6"), false),
        ] {
            let event = try state.watched(["type": .text(type), "object": node])
            if case .change = event { #expect(isNews) } else { #expect(!isNews) }
        }
        _ = try state.watched(["type": "BOOKMARK", "object": ["metadata": ["resourceVersion": "9"]]])
        #expect(state.version == "9")
    }

    @Test func `Other namespaces count as gone, and new ones need a list`() {
        var state = ReflectorState(.services)
        #expect(state.restrict(to: ["a"]).needsList)
        state.beginList()
        #expect(state.listed(object("x", "1", namespace: "a")) != nil)
        #expect(state.listed(object("x", "1", namespace: "b")) == nil)
        _ = state.finishList(version: "1")
        let fewer = state.restrict(to: [])
        #expect(fewer.gone.count == 1)
        #expect(!fewer.needsList)
        #expect(state.restrict(to: ["b"]).needsList)
    }

    @Test func `Pauses grow to a limit, each between half of its step and all of it`() {
        var backoff = Backoff(firstSeconds: 1, longestSeconds: 5)
        #expect([0.0, 0, 0, 0, 0].map { backoff.pause(random: $0) } == [0.5, 1, 2, 2.5, 2.5])
        backoff.reset()
        #expect(backoff.pause(random: 0) == 0.5)
    }
}
