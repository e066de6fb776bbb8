import ClusterState
import PorticoModel
import Testing

@testable import ManifestDirectory

@Suite struct ManifestReaderTests {
    private let reader = ManifestReader(keepsText: true)

    private func read(_ text: String, path: String = "a.yaml") -> ManifestFile {
        reader.read(text, path: path, previous: nil)
    }

    @Test func `A broken document leaves the others readable`() {
        let file = read(Manifests.service("one") + "---\n" + Manifests.broken + "---\n" + Manifests.service("two"))
        #expect(Set(file.references) == [Manifests.reference("one"), Manifests.reference("two")])
        #expect(file.isBroken)
        #expect(file.documents.flatMap(\.faults).map(\.line) == [10])
    }

    @Test func `Lines are those of the file`() throws {
        let file = read("# a comment\n---\n" + Manifests.service("one") + "---\n" + Manifests.invalidService("two"))
        let two = try #require(file.declaration(of: Manifests.reference("two")))
        guard case .invalid(let diagnostics) = two.form else { return #expect(Bool(false)) }
        #expect(diagnostics.map(\.line) == [17])
        #expect(diagnostics.map(\.field) == ["spec.ports[0].port"])
    }

    @Test func `Documents that moved keep their objects and change their lines`() throws {
        let before = read(Manifests.service("one") + "---\n" + Manifests.invalidService("two"))
        let text = "# one\n# more\n---\n" + Manifests.service("new") + "---\n" + Manifests.invalidService("two")
        let after = reader.read(text, path: "a.yaml", previous: before)
        #expect(after.documents.map(\.line) == read(text).documents.map(\.line))
        let two = try #require(after.declaration(of: Manifests.reference("two")))
        guard case .invalid(let diagnostics) = two.form else { return #expect(Bool(false)) }
        #expect(diagnostics.map(\.line) == [18])
    }

    @Test(arguments: [
        "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"x\"}}]}",
        "{\"apiVersion\": \"v1\", \"kind\": \"NamespaceList\", \"items\": [{\"metadata\": {\"name\": \"x\"}}]}",
        "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"x\"}}",
    ])
    func `JSON is read, in lists too`(text: String) {
        let reference = ObjectReference(kind: "Namespace", name: ObjectName(namespace: "", name: "x"))
        #expect(Array(read(text, path: "a.json").references) == [reference])
        #expect(Array(read(text, path: "a.yaml").references) == [reference])
        #expect(Array(read("---\n\t\(text)", path: "a.yaml").references) == [reference])
    }

    @Test(arguments: [
        ("kind: Service\nkind: Service\n", "given twice"),
        ("a: b: c\n", "not valid YAML"),
        ("- 1\n- 2\n", "an object must be a map"),
        ("foo: bar\n", "is required"),
        ("a: &a [*a]\n", "not valid YAML"),
    ])
    func `What is no object is said to be none`(text: String, reason: String) {
        let faults = read(text).documents.flatMap(\.faults)
        #expect(faults.contains { $0.reason.contains(reason) }, "\(faults)")
    }

    @Test func `Aliases cannot make a file explode`() {
        let names = (0..<30).map { "x\($0)" }
        var text = "kind: Namespace\nx0: &x0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
        for (name, before) in zip(names.dropFirst(), names) {
            text += "\(name): &\(name) [*\(before), *\(before), *\(before)]\n"
        }
        #expect(read(text).isBroken)
    }

    @Test func `Deep nesting is refused`() {
        let text = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(read(text).isBroken)
        #expect(read(text, path: "a.json").isBroken)
    }

    @Test func `Secrets give no text to keep`() throws {
        let file = read(Manifests.secret("s", value: "t") + "---\n" + Manifests.service("one"))
        for (reference, keeps) in [
            (Manifests.reference("s", kind: "Secret"), false), (Manifests.reference("one"), true),
        ] {
            #expect(file.declares(reference))
            #expect((file.texts[reference] != nil) == keeps)
        }
    }
}
