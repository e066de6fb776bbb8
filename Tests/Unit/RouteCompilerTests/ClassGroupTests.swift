import ClusterState
import PorticoModel
import RouteCompiler
import Testing

@Suite struct ClassGroupTests {
    private let objects = ClusterObjects()
    private let internalGroup: Compiler
    private let rest: Compiler

    init() {
        var named = ObjectGenerator.folderConfiguration
        named.classes.onlyClasses = ["nginx-internal", "private"]
        internalGroup = Compiler(configuration: named, objects: objects)
        var other = ObjectGenerator.folderConfiguration
        other.classes.exceptClasses = ["nginx-internal", "private"]
        rest = Compiler(configuration: other, objects: objects)
    }

    /// The hosts that each compiler serves after the changes: of the named group, of the default group.
    private func compile(_ changes: [ObjectChange]) -> [Set<String>] {
        let applied = objects.apply(changes)
        return [internalGroup, rest].map { compiler in
            _ = compiler.update(after: applied)
            return Set(
                compiler.everything().changedSections.compactMap { section in
                    if case .virtualHost(let host) = section { host.host } else { nil }
                })
        }
    }

    private func ingress(_ name: String, className: String?, annotation: String? = nil) -> ObjectChange {
        var ingress = ObjectGenerator.ingress(name, host: "\(name).test", path: "/")
        ingress.className = className
        if let annotation {
            ingress.metadata.annotations = [Annotation(key: "kubernetes.io/ingress.class", value: annotation)]
        }
        return .upsert(.ingress(ingress))
    }

    private func ingressClass(_ name: String, isDefault: Bool = false) -> ObjectChange {
        let annotations =
            isDefault ? [Annotation(key: "ingressclass.kubernetes.io/is-default-class", value: "true")] : []
        return .upsert(
            .ingressClass(
                IngressClass(
                    metadata: ObjectMetadata(
                        name: ObjectName(namespace: "", name: name), annotations: annotations),
                    controller: "k8s.io/ingress-nginx")))
    }

    @Test func `Each Ingress is served by one group, by class name and by annotation`() {
        let hosts = compile([
            ingressClass("nginx"), ingressClass("nginx-internal"), ingress("shop", className: "nginx"),
            ingress("wiki", className: "nginx-internal"), ingress("mail", className: nil, annotation: "private"),
            ingress("other", className: nil, annotation: "nginx"),
        ])
        #expect(hosts == [["wiki.test", "mail.test"], ["shop.test", "other.test"]])
    }

    @Test func `Ingresses without a class go where the default class does`() {
        #expect(compile([ingress("a", className: nil)]) == [[], ["a.test"]])
        #expect(compile([ingressClass("private", isDefault: true)]) == [["a.test"], []])
    }

    @Test func `A class that nobody serves is reported once`() {
        _ = compile([ingress("a", className: "unknown")])
        #expect(internalGroup.diagnostics.isEmpty)
        #expect(rest.diagnostics.map(\.field) == ["spec.ingressClassName"])
    }

    @Test func `An Ingress that changes its class moves to the other group`() {
        #expect(compile([ingress("a", className: "nginx-internal")]) == [["a.test"], []])
        #expect(compile([ingress("a", className: "nginx")]) == [[], ["a.test"]])
    }
}
