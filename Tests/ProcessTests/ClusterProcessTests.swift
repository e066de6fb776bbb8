import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// The real programs in front of an API server that speaks TLS.
@Suite(.serialized) struct ClusterProcessTests {
    @Test func `A cluster is served by control plane and proxy, also while the API server is away`() async throws {
        let folder = try TemporaryFolder()
        var options = TestAPIServer.Options()
        options.refusesLoopbackEndpoints = false
        let server = try TestAPIServer(options)
        try folder.write(server.kubeconfig(), to: "kubeconfig")
        let (one, two) = (try ScriptedBackend(named: "one"), try ScriptedBackend(named: "two"))
        let admin = try KubernetesClient(FixedConnection(server.connection()))
        _ = try await admin.create(
            .ingressClasses, ["metadata": ["name": "nginx"], "spec": ["controller": "k8s.io/ingress-nginx"]])
        _ = try await admin.create(.services, namespace: "default", Self.service)
        _ = try await admin.create(.endpointSlices, namespace: "default", Self.slice(one.address))
        _ = try await admin.create(.ingresses, namespace: "default", Self.ingress)
        let (http, metrics) = (try FreePort.take(), try FreePort.take())
        let control = try RunningProgram(
            "portico-control",
            [
                "--kubeconfig", folder("kubeconfig"), "--control-socket", folder("control.sock"),
                "--metrics", "\(metrics)", "--data-dir", folder("data"),
            ])
        let proxy = try RunningProgram(
            "portico-proxy", ["--control-socket", folder("control.sock"), "--http", "\(http)", "--workers", "1"])
        eventually(within: 20, "one answers: \(control.output) \(proxy.output)") { Self.body(http) == "one" }
        #expect(try get("/readyz", from: metrics).status == 200)
        server.stop()
        #expect(Self.body(http) == "one")
        try server.resume()
        await settles("the slice is changed") {
            (try? await admin.update(
                .endpointSlices, namespace: "default", name: "shop-1", Self.slice(two.address))) != nil
        }
        eventually("two answers") { Self.body(http) == "two" }
        control.send(SIGTERM)
        #expect(control.wait(seconds: 10) == .code(0))
        #expect(Self.body(http) == "two")
    }

    @Test func `A kubeconfig that is wrong ends the program with the file and the field`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "{current-context: main, contexts: [{name: main, context: {cluster: gone}}]}", to: "kubeconfig")
        let (end, output) = try RunningProgram.run(
            "portico-control", ["--kubeconfig", folder("kubeconfig"), "--data-dir", folder("data")])
        #expect(end == .code(2))
        #expect(
            output.contains("\(folder("kubeconfig")): contexts[0].context.cluster: there is no cluster named 'gone'"))
    }

    @Test func `The flags of ingress-nginx choose namespaces and classes, and leave the status alone`() async throws {
        let folder = try TemporaryFolder()
        let server = try TestAPIServer.make { options in
            options.usesTLS = false
            options.refusesLoopbackEndpoints = false
            options.namespaces += ["inside", "outside"]
        }
        let admin = try server.adminClient()
        for resource: APIResource in [
            .ingresses, .ingressClasses, .services, .endpointSlices, .secrets, .namespaces, .leases, .events,
        ] {
            try await admin.grant(
                "system:anonymous", ["get", "list", "watch", "create", "update", "patch"], on: resource)
        }
        _ = try await admin.mergePatch(.namespaces, name: "inside", ["metadata": ["labels": ["edge": "yes"]]])
        _ = try await admin.create(
            .ingressClasses, ["metadata": ["name": "edge"], "spec": ["controller": "example.com/unheard-of"]])
        let backend = try ScriptedBackend(named: "served")
        for namespace in ["inside", "outside"] {
            _ = try await admin.create(.services, namespace: namespace, Self.service)
            _ = try await admin.create(.endpointSlices, namespace: namespace, Self.slice(backend.address))
            for (name, className) in [("bare", nil), ("by-name", "edge"), ("foreign", "other")] {
                let ingress = Self.ingress("\(name).\(namespace).test", className: className)
                _ = try await admin.create(.ingresses, namespace: namespace, ingress)
            }
        }
        let (http, metrics) = (try FreePort.take(), try FreePort.take())
        let control = try RunningProgram(
            "portico-control",
            [
                "--apiserver-host=\(server.url)", "--control-socket", folder("control.sock"), "--metrics", "\(metrics)",
                "--data-dir", folder("data"), "--ingress-class=edge", "--ingress-class-by-name=true",
                "--watch-ingress-without-class=true", "--watch-namespace-selector=edge=yes",
                "--publish-status-address=203.0.113.1", "--update-status=false",
            ])
        let proxy = try RunningProgram(
            "portico-proxy", ["--control-socket", folder("control.sock"), "--http", "\(http)", "--workers", "1"])
        let answers = { (host: String) in (try? get("/", host: host, from: http))?.status }
        for name in ["bare", "by-name"] {
            await settles("\(name) is served: \(control.output) \(proxy.output)") {
                answers("\(name).inside.test") == 200
            }
            #expect(answers("\(name).outside.test") == 404)
        }
        #expect(answers("foreign.inside.test") == 404)
        await settles("it leads, and says so") { server.requestCount("create", .events) > 0 }
        #expect(server.requestCount("patch", .ingresses) == 0)
    }

    @Test func `A cluster that ran ingress-nginx is checked before it moves`() async throws {
        let folder = try TemporaryFolder()
        let server = try TestAPIServer()
        try folder.write(server.kubeconfig(), to: "kubeconfig")
        let admin = try server.adminClient()
        _ = try await admin.create(
            .ingressClasses, ["metadata": ["name": "nginx"], "spec": ["controller": "k8s.io/ingress-nginx"]])
        _ = try await admin.create(.services, namespace: "default", Self.service)
        let ingress = try await admin.create(.ingresses, namespace: "default", Self.ingress)
        let arguments = ["migrate", "check", "--kubeconfig", folder("kubeconfig")]
        let (good, fine) = try RunningProgram.run("portico", arguments)
        #expect(good == .code(0), "\(fine)")
        #expect(fine.contains("default/shop"), "\(fine)")
        var marked = ingress
        marked.set(
            "metadata", "annotations",
            to: .texts(["nginx.ingress.kubernetes.io/stream-snippet": "server { listen 1; }"]))
        _ = try await admin.update(.ingresses, namespace: "default", name: "shop", marked)
        let (end, output) = try RunningProgram.run("portico", arguments + ["--output", "json"])
        #expect(end == .code(1), "\(output)")
        #expect(output.contains("stream-snippet"), "\(output)")
        server.stop()
        let (away, reason) = try RunningProgram.run("portico", arguments)
        #expect(away == .code(2))
        #expect(reason.contains("cannot read the cluster: the API server cannot be reached"), "\(reason)")
    }

    private static func body(_ address: ListenAddress) -> String? {
        (try? get("/", host: "shop.test", from: address))?.text
    }
}

extension ClusterProcessTests {
    fileprivate static let service: ObjectNode = [
        "metadata": ["name": "shop"], "spec": ["ports": [["name": "http", "port": 80, "targetPort": "http"]]],
    ]

    fileprivate static let ingress: ObjectNode = [
        "metadata": ["name": "shop"],
        "spec": [
            "ingressClassName": "nginx", "defaultBackend": ["service": ["name": "shop", "port": ["number": 80]]],
        ],
    ]

    fileprivate static func ingress(_ host: String, className: String?) -> ObjectNode {
        let backend: ObjectNode = ["service": ["name": "shop", "port": ["number": 80]]]
        let paths: ObjectNode = [["path": "/", "pathType": "Prefix", "backend": backend]]
        var node: ObjectNode = [
            "metadata": ["name": .text(host)], "spec": ["rules": [["host": .text(host), "http": ["paths": paths]]]],
        ]
        if let className { node.set("spec", "ingressClassName", to: .text(className)) }
        return node
    }

    fileprivate static func slice(_ address: ListenAddress) -> ObjectNode {
        [
            "metadata": ["name": "shop-1", "labels": ["kubernetes.io/service-name": "shop"]], "addressType": "IPv4",
            "endpoints": [["addresses": [.text(address.host)], "conditions": ["ready": true]]],
            "ports": [["name": "http", "port": .number(Int(address.port))]],
        ]
    }
}
