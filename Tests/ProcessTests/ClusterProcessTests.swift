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

    fileprivate static func slice(_ address: ListenAddress) -> ObjectNode {
        [
            "metadata": ["name": "shop-1", "labels": ["kubernetes.io/service-name": "shop"]], "addressType": "IPv4",
            "endpoints": [["addresses": [.text(address.host)], "conditions": ["ready": true]]],
            "ports": [["name": "http", "port": .number(Int(address.port))]],
        ]
    }
}
