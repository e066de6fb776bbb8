import ClusterState
import PorticoModel
import RouteCompiler
import Testing

@Suite struct IncrementalTests {
    @Test(arguments: 0..<50)
    func `Any sequence of changes ends where a fresh compilation starts`(seed: Int) {
        var random = ObjectGenerator(seed: UInt64(seed))
        let configuration = random.configuration()
        let compiler = Compiler(configuration: configuration)
        var mirror = Mirror()
        for _ in 0..<40 {
            let result = compiler.apply(random.batch())
            mirror.take(result)
            let fresh = Compiler(configuration: configuration)
            var expected = fresh.apply(random.objects.shuffled(using: &random).map { .upsert($0) })
            expected.causes = []
            var all = compiler.everything()
            expected.sortLiveState()
            all.sortLiveState()
            #expect(all == expected)
            #expect(mirror == Mirror(of: expected))
            #expect(compiler.diagnostics == fresh.diagnostics)
        }
    }

    @Test func `An object that is the same again changes nothing`() {
        var random = ObjectGenerator(seed: 7)
        let compiler = Compiler(configuration: random.configuration())
        for _ in 0..<20 { _ = compiler.apply(random.batch()) }
        #expect(compiler.apply(random.objects.map { .upsert($0) }) == CompilationResult())
    }

    @Test func `A changed Ingress rewrites its hosts and nothing else`() throws {
        let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)
        var ingress = ObjectGenerator.ingress("a", host: "a.example.com", path: "/")
        let other = ObjectGenerator.ingress("b", host: "b.example.com", path: "/")
        _ = compiler.apply([.upsert(.ingress(ingress)), .upsert(.ingress(other))])
        ingress.rules[0].paths[0].path = "/new"
        let result = compiler.apply([.upsert(.ingress(ingress))])
        #expect(result.changedSections.map(\.name) == [SectionName(kind: .virtualHost, name: "a.example.com")])
        #expect(result.removedSections.isEmpty && result.changedEndpointSets.isEmpty)
        #expect(result.causes == [KubernetesObject.ingress(ingress).reference])
    }

    @Test func `A changed slice touches live state only`() {
        let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)
        let service = ObjectGenerator.service("web")
        _ = compiler.apply([
            .upsert(.service(service)),
            .upsert(.ingress(ObjectGenerator.ingress("a", host: "a.example.com", path: "/"))),
        ])
        let result = compiler.apply([.upsert(.endpointSlice(ObjectGenerator.slice("web-1", of: "web", hosts: [1, 2])))])
        #expect(!result.changesConfiguration)
        #expect(result.changedEndpointSets.map(\.upstream) == ["default-web-80"])
        #expect(result.changedEndpointSets.first?.endpoints.count == 2)
    }

    @Test func `A deleted Ingress takes its host and its upstream along`() {
        let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)
        let ingress = KubernetesObject.ingress(ObjectGenerator.ingress("a", host: "a.example.com", path: "/"))
        _ = compiler.apply([.upsert(ingress)])
        let result = compiler.apply([.delete(ingress.reference)])
        #expect(
            result.removedSections == [
                SectionName(kind: .virtualHost, name: "a.example.com"),
                SectionName(kind: .upstream, name: "default-web-80"),
            ])
        #expect(result.removedEndpointSets == ["default-web-80"])
        #expect(compiler.diagnostics.isEmpty)
    }

    @Test func `Retained upstreams follow their pods though no Ingress names them`() {
        let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)
        let service = ObjectGenerator.service("web")
        let ingress = KubernetesObject.ingress(ObjectGenerator.ingress("a", host: "a.example.com", path: "/"))
        let slice = KubernetesObject.endpointSlice(ObjectGenerator.slice("web-1", of: "web", hosts: [1]))
        _ = compiler.apply([.upsert(.service(service)), .upsert(ingress), .upsert(slice)])
        let settings = UpstreamSettings(name: "default-web-80", service: service.metadata.name, port: "80")
        #expect(compiler.retain([settings]) == CompilationResult())

        let deletion = compiler.apply([.delete(ingress.reference)])
        #expect(deletion.removedSections.count == 2)
        #expect(deletion.removedEndpointSets.isEmpty)

        let moved = KubernetesObject.endpointSlice(ObjectGenerator.slice("web-1", of: "web", hosts: [2]))
        let change = compiler.apply([.upsert(moved)])
        #expect(!change.changesConfiguration)
        #expect(change.changedEndpointSets.map(\.upstream) == ["default-web-80"])
        #expect(change.changedEndpointSets.first?.endpoints.map(\.address) == [ObjectGenerator.address(2)])

        #expect(compiler.retain([]).removedEndpointSets == ["default-web-80"])
        #expect(compiler.retain([settings]).changedEndpointSets.count == 1)
    }

    @Test func `A retained upstream of the service's own address keeps that address`() {
        let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)
        var service = ObjectGenerator.service("web")
        service.clusterIPs = [ObjectGenerator.address(99)]
        let slice = KubernetesObject.endpointSlice(ObjectGenerator.slice("web-1", of: "web", hosts: [1]))
        _ = compiler.apply([.upsert(.service(service)), .upsert(slice)])
        let settings = UpstreamSettings(
            name: "default-web-80", service: service.metadata.name, port: "80", usesServiceAddress: true)
        let endpoints = compiler.retain([settings]).changedEndpointSets.first?.endpoints
        #expect(endpoints == [Endpoint(address: ObjectGenerator.address(99), port: 80)])
    }

    @Test func `An object that moved in its file moves its diagnostics`() throws {
        let compiler = Compiler(configuration: ObjectGenerator.folderConfiguration)
        var ingress = ObjectGenerator.ingress("a", host: "a.example.com", path: "/")
        ingress.metadata.origin = Origin(file: "a.yaml", line: 1)
        _ = compiler.apply([.upsert(.ingress(ingress))])
        let before = try #require(compiler.diagnostics.first?.line)
        ingress.metadata.origin = Origin(file: "b.yaml", line: 11)
        let result = compiler.apply([.upsert(.ingress(ingress))])
        #expect(!result.changesConfiguration && result.causes.isEmpty)
        #expect(compiler.diagnostics.first?.line == before + 10)
        #expect(compiler.diagnostics.first?.file == "b.yaml")
    }
}

/// What someone knows who has followed the results from the start.
private struct Mirror: Equatable {
    var sections: [SectionName: Section] = [:]
    var endpoints: [String: EndpointSet] = [:]
    var externalNames: [String: ExternalNameTarget] = [:]
    var objects: [LiveObjectName: LiveObject] = [:]
    var diagnostics: [ObjectReference: [Diagnostic]] = [:]

    init() {}

    init(of result: CompilationResult) { take(result) }

    mutating func take(_ result: CompilationResult) {
        for name in result.removedSections { sections[name] = nil }
        for section in result.changedSections { sections[section.name] = section }
        for name in result.removedEndpointSets { endpoints[name] = nil }
        for set in result.changedEndpointSets { endpoints[set.upstream] = set }
        for name in result.removedExternalNames { externalNames[name] = nil }
        for target in result.changedExternalNames { externalNames[target.upstream] = target }
        for name in result.removedObjects { objects[name] = nil }
        for object in result.changedObjects { objects[object.name] = object }
        for (object, found) in result.changedDiagnostics { diagnostics[object] = found.isEmpty ? nil : found }
    }
}

extension CompilationResult {
    fileprivate mutating func sortLiveState() {
        changedEndpointSets.sort { $0.upstream < $1.upstream }
        changedExternalNames.sort { $0.upstream < $1.upstream }
        changedObjects.sort { $0.name < $1.name }
    }
}
