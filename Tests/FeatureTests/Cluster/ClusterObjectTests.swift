import ClusterState
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import TestSupport
import Testing

/// Each kind of object, from the API server to a worker.
@Suite struct ClusterObjectTests {
    private static let shop = Manifests.ingress("shop", host: "shop.test", service: "shop")
    private static let backend = Manifests.backend("shop", port: 8001)

    @Test func `What is in the cluster at the start reaches a worker`() async throws {
        let server = try await APIServers.make()
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        #expect(worker.hosts == ["shop.test": ["/"]])
        #expect(worker.ports(of: "default-shop-80") == [8001])
        await plane.stop()
    }

    @Test func `Ingresses that appear, change and vanish do so for the worker`() async throws {
        let plane = try await ClusterPlane(try await APIServers.make(), startsWith: [Self.backend])
        let worker = try await plane.worker()
        #expect(worker.hosts.isEmpty)
        try await plane.apply(Self.shop)
        await worker.follow { $0.hosts == ["shop.test": ["/"]] }
        try await plane.apply(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"))
        await worker.follow { $0.hosts == ["shop.test": ["/new"]] }
        try await plane.delete(Self.shop)
        await worker.follow { $0.hosts.isEmpty }
        await plane.stop()
    }

    @Test func `Endpoints are live state: they change without a new version`() async throws {
        let plane = try await ClusterPlane(try await APIServers.make(), startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        let version = worker.version
        try await plane.apply(Manifests.backend("shop", port: 8002))
        await worker.follow { $0.ports(of: "default-shop-80") == [8002] }
        #expect(worker.version == version)
        await plane.stop()
    }

    @Test func `A service decides with its ports what its Ingresses mean`() async throws {
        let plane = try await ClusterPlane(try await APIServers.make(), startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        try await plane.delete(Self.backend)
        await worker.follow { ($0.ports(of: "default-shop-80") ?? []).isEmpty }
        try await plane.apply(Self.backend)
        await worker.follow { $0.ports(of: "default-shop-80") == [8001] }
        await plane.stop()
    }

    @Test func `An Ingress of a class that is not there waits for it`() async throws {
        let server = try await APIServers.make()
        let other = Manifests.ingressClass.replacing("portico,", with: "other,")
            .replacing("portico.dev/ingress-controller", with: "example.com/other")
        let foreign = Self.shop.replacing("ingressClassName: portico", with: "ingressClassName: other")
        let plane = try await ClusterPlane(server, startsWith: [foreign, Self.backend])
        let worker = try await plane.worker()
        #expect(worker.hosts.isEmpty)
        try await plane.apply(other.replacing("example.com/other", with: "k8s.io/ingress-nginx"))
        await worker.follow { $0.hosts == ["shop.test": ["/"]] }
        try await plane.delete(other)
        await worker.follow { $0.hosts.isEmpty }
        await plane.stop()
    }

    @Test func `Of all ConfigMaps only the one that the flag names is read`() async throws {
        let server = try TestAPIServer.make()
        let settings = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, "
        let plane = try await ClusterPlane(
            server, startsWith: [Self.shop, Self.backend, settings + "data: {worker-processes: '1'}}"]
        ) { configuration, selection in
            let name = ObjectName(namespace: "default", name: "settings")
            configuration.compiler.configMap = name
            selection.configMaps = [name]
        }
        let worker = try await plane.worker()
        let version = worker.version
        try await plane.apply(settings + "data: {proxy-body-size: 3m}}")
        await worker.follow { $0.version > version }
        let lists = server.requests.filter { $0.resource == "configmaps" && $0.verb != "update" && $0.verb != "get" }
        #expect(lists.allSatisfy { $0.query["fieldSelector"] == "metadata.name=settings" || $0.verb == "create" })
        await plane.stop()
    }

    @Test func `Only Secrets that served Ingresses name are read, and again when they change`() async throws {
        let server = try TestAPIServer.make()
        let tls = Self.shop.replacing("  rules:", with: "  tls: [{hosts: [shop.test], secretName: wanted}]\n  rules:")
        let plane = try await ClusterPlane(
            server, startsWith: [tls, Self.backend, Manifests.secret("wanted"), Manifests.secret("unwanted")])
        await plane.awaitReady()
        func reads(_ name: String) -> Int { server.requests.count { $0.verb == "get" && $0.name == name } }
        #expect(reads("wanted") == 1)
        try await plane.admin.mergeSecret("wanted")
        await settles("the Secret is read again") { reads("wanted") == 2 }
        try await plane.admin.mergeSecret("unwanted")
        #expect(reads("unwanted") == 0)
        let ofMany = server.requests.filter { $0.resource == "secrets" && ["list", "watch"].contains($0.verb) }
        #expect(!ofMany.isEmpty)
        #expect(ofMany.allSatisfy { $0.isPartial }, "of other Secrets only the metadata is ever asked for")
        await plane.stop()
    }

    @Test func `One namespace is watched where the flag says so`() async throws {
        let server = try await APIServers.make()
        let inner = Manifests.moved(Manifests.ingress("inner", host: "inner.test", service: "shop"), to: "inside")
        let plane = try await ClusterPlane(
            server, startsWith: [Manifests.namespace("inside"), inner, Self.shop, Self.backend]
        ) { _, selection in selection.namespace = "inside" }
        let worker = try await plane.worker()
        #expect(worker.hosts.keys.sorted() == ["inner.test"])
        await plane.stop()
    }

    @Test func `Namespaces come and go with their labels`() async throws {
        let server = try await APIServers.make()
        let inner = Manifests.moved(Manifests.ingress("inner", host: "inner.test", service: "shop"), to: "inside")
        let plane = try await ClusterPlane(
            server, startsWith: [Manifests.namespace("inside"), inner, Self.shop, Self.backend]
        ) { _, selection in selection.namespaceSelector = "edge=yes" }
        let worker = try await plane.worker()
        #expect(worker.hosts.isEmpty)
        try await plane.apply(Manifests.namespace("inside", labels: "edge: 'yes'"))
        await worker.follow { $0.hosts.keys.sorted() == ["inner.test"] }
        try await plane.apply(Manifests.namespace("inside"))
        await worker.follow { $0.hosts.isEmpty }
        await plane.stop()
    }

    @Test func `What Portico cannot read leaves the last good form in force`() async throws {
        // A real API server takes nothing of the kind, as long as it is of this version.
        let server = try TestAPIServer.make()
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        try await plane.apply(Self.shop.replacing("host: \"shop.test\"", with: "host: \"SHOP_TEST\""))
        try await plane.apply(Manifests.ingress("other", host: "other.test", service: "shop"))
        await worker.follow { $0.hosts.keys.sorted() == ["other.test", "shop.test"] }
        let diagnostics = await plane.status().diagnostics
        #expect(diagnostics.contains { $0.field == "spec.rules[0].host" })
        await plane.stop()
    }

    @Test func `The last good form outlives a restart, for as long as it is the same object that cannot be read`()
        async throws
    {
        let server = try TestAPIServer.make()
        let broken = Self.shop.replacing("host: \"shop.test\"", with: "host: \"SHOP_TEST\"")
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        var worker = try await plane.worker()
        let version = worker.version
        try await plane.apply(broken)
        await settles("it is known") { await !plane.status().diagnostics.isEmpty }
        for _ in 0..<2 {
            await plane.stop()
            try await plane.start()
            worker = try await plane.worker()
            #expect(worker.hosts == ["shop.test": ["/"]])
            #expect(worker.version == version)
        }
        await plane.stop()
        try await plane.delete(Self.shop)
        try await plane.apply(broken)
        try await plane.start()
        worker = try await plane.worker()
        #expect(worker.hosts.isEmpty)
        try await plane.apply(Self.shop)
        await worker.follow { $0.hosts == ["shop.test": ["/"]] }
        await plane.stop()
    }
}

extension KubernetesClient {
    fileprivate func mergeSecret(_ name: String) async throws {
        _ = try await mergePatch(.secrets, namespace: "default", name: name, ["data": ["more": "bW9yZQ=="]])
    }
}
