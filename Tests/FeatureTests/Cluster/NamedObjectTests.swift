import ClusterState
import ControllerCore
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import TestSupport
import Testing

/// What is read because something names it, and nothing else of its kind.
@Suite struct NamedObjectTests {
    private static let backend = Manifests.backend("shop", port: 8001)
    private static let prefix = "nginx.ingress.kubernetes.io"

    private static func shop(_ annotations: [String: String] = [:]) -> String {
        let prefixed = annotations.map { ("\(prefix)/\($0.key)", $0.value) }
        return Manifests.ingress(
            "shop", host: "shop.test", service: "shop", annotations: Dictionary(uniqueKeysWithValues: prefixed))
    }

    private static func configMap(_ name: String, _ data: String, in namespace: String = "default") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)}, data: {\(data)}}"
    }

    private static func ingressClass(_ parameters: String) -> String {
        Manifests.ingressClass.replacing(
            "ingress-controller}", with: "ingress-controller, parameters: {\(parameters)}}")
    }

    private static let settings = ObjectName(namespace: "default", name: "settings")

    private func plane(
        _ server: TestAPIServer, _ manifests: [String], user: ConnectionParameters? = nil,
        configure: (inout ControllerConfiguration) -> Void = { _ in }
    ) async throws -> ClusterPlane {
        try await ClusterPlane(server, connection: user, startsWith: [Self.backend] + manifests) {
            configuration, selection in
            configuration.compiler.configMap = Self.settings
            selection.configMaps = [Self.settings]
            configure(&configuration)
        }
    }

    /// `kind namespace/name` of everything that was read by name.
    private func readByName(_ server: TestAPIServer) -> Set<String> {
        Set(
            server.requests.filter { ["secrets", "configmaps"].contains($0.resource) }.compactMap { request in
                let field = request.query["fieldSelector"]?.split(separator: "=").last.map(String.init)
                let name = request.verb == "get" ? request.name : field
                return name.map { "\(request.resource) \(request.namespace)/\($0)" }
            })
    }

    @Test func `Flags, settings, classes and annotations each have what they name read before anything is published`()
        async throws
    {
        let server = try TestAPIServer.make()
        for name in ["wanted", "class", "nowhere"] {
            try await ClusterPlane.apply(Manifests.namespace(name), server.adminClient())
        }
        let annotations = [
            "auth-type": "basic", "auth-secret": "users", "auth-tls-secret": "wanted/authorities",
            "proxy-ssl-secret": "default/endpoints", "custom-headers": "own-headers",
            "auth-proxy-set-headers": "wanted/auth-headers", "auth-url": "http://auth.test/",
        ]
        server.forgetRequests()
        let plane = try await plane(
            server,
            [
                Self.configMap(
                    "settings",
                    "allow-cross-namespace-resources: 'true', proxy-set-headers: wanted/to-endpoints, "
                        + "ssl-dh-param: wanted/parameters, global-allowed-response-headers: X-A"),
                Self.configMap("to-endpoints", "X-E: e", in: "wanted"), Self.configMap("own-headers", "X-A: a"),
                Self.configMap("of-class", "add-headers: to-clients", in: "class"),
                Self.configMap("to-clients", "X-C: c", in: "class"),
                Self.ingressClass("kind: ConfigMap, name: of-class, scope: Namespace, namespace: class"),
                Self.shop(annotations), Self.configMap("unwanted", "X-A: a"), Manifests.secret("unwanted"),
            ]
        ) { $0.compiler.defaultCertificate = ObjectName(namespace: "wanted", name: "standard") }
        let worker = try await plane.worker()
        #expect(
            readByName(server) == [
                "configmaps default/settings", "configmaps class/of-class", "configmaps class/to-clients",
                "configmaps wanted/to-endpoints", "configmaps default/own-headers", "configmaps wanted/auth-headers",
                "secrets wanted/standard", "secrets wanted/parameters", "secrets default/users",
                "secrets wanted/authorities", "secrets default/endpoints",
            ])
        #expect(worker.version.sequence == 1, "nothing was published before it was the whole")
        let settings = worker.globalSettings
        #expect(settings?.requestHeaders.map(\.name) == ["X-E"])
        #expect(settings?.responseHeaders.map(\.name) == ["X-C"])
        await plane.stop()
    }

    @Test func `What is of another namespace is not read unless the administrator allows it`() async throws {
        let server = try TestAPIServer.make()
        let plane = try await plane(
            server,
            [Self.shop(["auth-type": "basic", "auth-secret": "kube-system/root", "custom-headers": "kube-system/x"])])
        _ = try await plane.worker()
        #expect(readByName(server) == ["configmaps default/settings"])
        try await plane.apply(Self.configMap("settings", "allow-cross-namespace-resources: 'true'"))
        await settles("they are read") {
            readByName(server).isSuperset(of: ["secrets kube-system/root", "configmaps kube-system/x"])
        }
        await plane.stop()
    }

    @Test func `A ConfigMap that an annotation names is followed for as long as it does`() async throws {
        let server = try TestAPIServer.make()
        let plane = try await plane(
            server,
            [Self.configMap("settings", "global-allowed-response-headers: 'X-A,X-B'"), Self.shop()])
        let worker = try await plane.worker()
        func headers() -> [String] {
            worker.policies.flatMap { $0.features.headers?.responseHeaders ?? [] }.map(\.name)
        }
        try await plane.apply(Self.shop(["custom-headers": "own"]))
        await worker.follow { $0.policies.contains(where: \.isWithheld) }
        try await plane.apply(Self.configMap("own", "X-A: a"))
        await worker.follow { _ in headers() == ["X-A"] }
        try await plane.apply(Self.configMap("own", "X-B: b"))
        await worker.follow { _ in headers() == ["X-B"] }
        try await plane.apply(Self.shop())
        await worker.follow { _ in headers() == [] }
        try await plane.apply(Self.configMap("own", "X-A: a"))
        try await plane.apply(Self.shop(["custom-headers": "own"]))
        await worker.follow { _ in headers() == ["X-A"] }
        await plane.stop()
    }

    @Test func `Rights on the names alone are enough, and one that is missing is a warning that names the verb`()
        async throws
    {
        let server = try TestAPIServer.make()
        let admin = try server.adminClient()
        for resource in [APIResource.services, .endpointSlices, .ingresses, .ingressClasses, .secrets] {
            try await admin.grant("user", ["get", "list", "watch"], on: resource)
        }
        try await admin.grant("user", ["list", "watch"], on: .configMaps, named: ["settings", "own"])
        let plane = try await plane(
            server,
            [
                Self.configMap("settings", "global-allowed-response-headers: 'X-A,X-B'"),
                Self.configMap("own", "X-A: a"), Self.shop(["custom-headers": "own"]),
                Manifests.ingress(
                    "other", host: "other.test", service: "shop",
                    annotations: ["\(Self.prefix)/custom-headers": "forbidden"]),
            ], user: server.user)
        let worker = try await plane.worker()
        #expect(worker.policies.flatMap { $0.features.headers?.responseHeaders ?? [] }.map(\.name) == ["X-A"])
        let warnings = await plane.status().diagnostics.map(\.reason)
        #expect(warnings.contains { $0.contains("cannot list resource \"configmaps\"") }, "\(warnings)")
        await plane.stop()
    }

    @Test func `The parameters of a class come, change and go`() async throws {
        let server = try TestAPIServer.make()
        let other = Manifests.ingressClass.replacing("portico,", with: "other,").replacing(
            "\"true\"", with: "\"false\"")
        let plane = try await plane(
            server,
            [
                Self.configMap("settings", "proxy-read-timeout: '11'"), Self.shop(),
                Manifests.ingress("other", host: "other.test", service: "shop", className: "other"), other,
            ])
        let worker = try await plane.worker()
        func timeouts() -> [UInt32] { ["shop.test", "other.test"].map { worker.readTimeout(of: $0) } }
        #expect(timeouts() == [11_000, 11_000])
        try await plane.apply(Self.ingressClass("kind: ConfigMap, name: own, scope: Namespace, namespace: default"))
        await settles("its absence is told") {
            await plane.status().diagnostics.contains { $0.field == "spec.parameters" }
        }
        try await plane.apply(Self.configMap("own", "proxy-read-timeout: '22'"))
        await worker.follow { _ in timeouts() == [22_000, 11_000] }
        try await plane.apply(Self.configMap("own", "proxy-read-timeout: '33'"))
        await worker.follow { _ in timeouts() == [33_000, 11_000] }
        try await plane.apply(Self.configMap("settings", "proxy-read-timeout: '12'"))
        await worker.follow { _ in timeouts() == [33_000, 12_000] }
        try await plane.apply(Manifests.ingressClass)
        await worker.follow { _ in timeouts() == [12_000, 12_000] }
        await plane.stop()
    }
}
