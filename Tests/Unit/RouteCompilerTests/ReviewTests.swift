import ClusterState
import PorticoModel
import RouteCompiler
import Testing

/// What the admission webhook asks the compiler.
@Suite struct ReviewTests {
    private let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)

    private func ingress(
        _ name: String, host: String = "shop.test", path: String = "/", age: Int64? = nil,
        annotations: [Annotation] = []
    ) -> Ingress {
        var ingress = ObjectGenerator.ingress(name, host: host, path: path)
        ingress.metadata.createdAt = age
        ingress.metadata.annotations += annotations
        ingress.metadata.annotations.sort { $0.key < $1.key }
        return ingress
    }

    private func faults(_ candidate: Ingress) -> [String] {
        guard case .ours(let diagnostics) = compiler.review(candidate) else { return ["foreign"] }
        return diagnostics.filter { !$0.kind.mayResolve }.map { "\($0.field): \($0.reason)" }
    }

    @Test func `an Ingress that collides with nothing has no faults`() {
        _ = compiler.apply([.upsert(.ingress(ingress("a")))])
        #expect(faults(ingress("b", path: "/other")).isEmpty)
        #expect(faults(ingress("a", path: "/new")).isEmpty, "it is compared with itself")
    }

    @Test func `a host and path of an older Ingress are refused`() {
        _ = compiler.apply([.upsert(.ingress(ingress("a", age: 1)))])
        let found = faults(ingress("b", age: 2))
        #expect(found.count == 1)
        #expect(found.first?.contains("belongs to Ingress default/a") == true, "\(found)")
    }

    @Test func `an older Ingress may not take a path from a younger one`() {
        _ = compiler.apply([
            .upsert(.ingress(ingress("old", path: "/old", age: 1))), .upsert(.ingress(ingress("new", age: 2))),
        ])
        let found = faults(ingress("old", age: 1))
        #expect(found.count == 1)
        #expect(found.first?.contains("Ingress default/new would lose") == true, "\(found)")
    }

    @Test func `a conflict that is there already does not hinder the winner`() {
        _ = compiler.apply([
            .upsert(.ingress(ingress("old", age: 1))), .upsert(.ingress(ingress("new", age: 2))),
        ])
        #expect(faults(ingress("old", age: 1)).isEmpty)
    }

    @Test func `an annotation that cannot be taken is refused by its name`() {
        let key = "nginx.ingress.kubernetes.io/proxy-read-timeout"
        let found = faults(ingress("a", annotations: [Annotation(key: key, value: "soon")]))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("metadata.annotations[\(key)]") == true, "\(found)")
    }

    @Test func `a pattern that cannot be compiled is refused`() {
        let regex = Annotation(key: "nginx.ingress.kubernetes.io/use-regex", value: "true")
        var candidate = ingress("a", path: "/(", annotations: [regex])
        candidate.rules[0].paths[0].type = .implementationSpecific
        #expect(!faults(candidate).isEmpty)
        candidate.rules[0].paths[0].path = "/(a|b)"
        #expect(faults(candidate).isEmpty)
    }

    @Test func `another controller's Ingress is foreign`() {
        let other = IngressClass(
            metadata: ObjectMetadata(name: ObjectName(namespace: "", name: "other")), controller: "example.com/other")
        _ = compiler.apply([.upsert(.ingressClass(other)), .upsert(.ingress(ingress("a")))])
        var candidate = ingress("b")
        candidate.className = "other"
        #expect(compiler.review(candidate) == .foreign)
    }

    @Test func `a review changes nothing`() {
        _ = compiler.apply([.upsert(.ingress(ingress("a")))])
        let before = compiler.everything()
        for name in ["a", "b", "c"] { _ = compiler.review(ingress(name, host: "\(name).test", path: "/x")) }
        #expect(compiler.everything() == before)
        #expect(compiler.apply([.upsert(.ingress(ingress("a")))]) == CompilationResult())
    }

    private func alias(_ name: String, host: String, of alias: String, age: Int64? = nil) -> Ingress {
        let note = Annotation(key: "nginx.ingress.kubernetes.io/server-alias", value: alias)
        return ingress(name, host: host, age: age, annotations: [note])
    }

    @Test func `an alias that a rule of another Ingress names is refused`() {
        _ = compiler.apply([.upsert(.ingress(ingress("a", host: "taken.test")))])
        let found = faults(alias("b", host: "b.test", of: "taken.test"))
        #expect(found.count == 1)
        #expect(found.first?.contains("server-alias taken.test belongs to another rule") == true, "\(found)")
        #expect(faults(alias("b", host: "b.test", of: "free.test")).isEmpty)
    }

    @Test func `an alias of an older Ingress is refused, and an older one may not take it from a younger`() {
        _ = compiler.apply([.upsert(.ingress(alias("a", host: "a.test", of: "other.test", age: 5)))])
        let younger = faults(alias("b", host: "b.test", of: "other.test", age: 6))
        #expect(younger.count == 1)
        #expect(younger.first?.contains("belongs to Ingress default/a") == true, "\(younger)")
        let older = faults(alias("b", host: "b.test", of: "other.test", age: 4))
        #expect(older.count == 1)
        #expect(older.first?.contains("Ingress default/a would lose") == true, "\(older)")
    }

    @Test func `a rule may not take the host that is an alias of another Ingress`() {
        _ = compiler.apply([.upsert(.ingress(alias("a", host: "a.test", of: "other.test")))])
        let found = faults(ingress("b", host: "other.test"))
        #expect(found.count == 1)
        #expect(found.first?.contains("Ingress default/a would lose") == true, "\(found)")
        #expect(faults(alias("a", host: "a.test", of: "other.test")).isEmpty, "it is compared with itself")
    }
}
