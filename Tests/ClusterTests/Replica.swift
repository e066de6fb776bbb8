import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import ProcessSupervision
import TestSupport
import Testing

/// One pod of the deployment, as processes: portico-control against an API server, and portico-proxy if asked for.
final class Replica: @unchecked Sendable {
    let name: String
    let http: ListenAddress
    private let folder: TemporaryFolder
    private let command: [String]
    private let proxy: RunningProgram?
    private(set) var control: RunningProgram

    init(
        _ name: String, token: String, namespace: String = "default", server: TestAPIServer,
        servesRequests: Bool = false,
        arguments: [String] = []
    ) throws {
        self.name = name
        folder = try TemporaryFolder()
        try folder.write(server.kubeconfig(token: token), to: "kubeconfig")
        http = try FreePort.take()
        let metrics = try FreePort.take()
        command =
            [
                "POD_NAME=\(name)", "POD_NAMESPACE=\(namespace)", RunningProgram.path(of: "portico-control"),
                "--kubeconfig", folder("kubeconfig"), "--control-socket", folder("control.sock"), "--metrics",
                "\(metrics)", "--data-dir", folder("data"), "--election-ttl=3s", "--log-level=debug",
            ] + arguments
        control = try RunningProgram("/usr/bin/env", command)
        proxy =
            servesRequests
            ? try RunningProgram(
                "portico-proxy",
                ["--control-socket", folder("control.sock"), "--http", "\(http)", "--workers", "1"]) : nil
    }

    var output: String { control.output }

    func send(_ signal: Int32) { control.send(signal) }

    /// What a person on its node asks of it.
    func portico(_ words: String...) throws -> String {
        let (end, output) = try RunningProgram.run("portico", words + ["--data-dir", folder("data")])
        #expect(end == .code(0), "\(words): \(output)")
        return output
    }

    /// Starts the control plane again where it was killed.
    func restart() throws {
        _ = control.wait(seconds: 10)
        control = try RunningProgram("/usr/bin/env", command)
    }

    /// As Kubernetes ends a pod.
    func stop() async {
        control.send(SIGTERM)
        await comesTrue("\(name) has ended") { control.poll() != nil }
    }

    /// What a request for a host is answered, or nothing while it is not.
    func answer(_ host: String) -> String? {
        guard let response = try? get("/", host: host, from: http), response.status == 200 else { return nil }
        return response.text
    }
}

/// Objects for tests whose subject is not the objects.
enum ClusterObjects {
    static let ingressClass: ObjectNode = [
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": ["name": "portico"],
        "spec": ["controller": "portico.dev/ingress-controller"],
    ]

    static func ingress(_ name: String, host: String, service: String, secret: String? = nil) -> ObjectNode {
        let backend: ObjectNode = ["service": ["name": .text(service), "port": ["number": 80]]]
        var node: ObjectNode = [
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": ["name": .text(name), "namespace": "default"],
            "spec": [
                "ingressClassName": "portico",
                "rules": [
                    [
                        "host": .text(host),
                        "http": ["paths": [["path": "/", "pathType": "Prefix", "backend": backend]]],
                    ]
                ],
            ],
        ]
        if let secret { node.set("spec", "tls", to: [["hosts": [.text(host)], "secretName": .text(secret)]]) }
        return node
    }

    static func service(_ name: String) -> ObjectNode {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .text(name), "namespace": "default"],
            "spec": ["clusterIP": "10.0.0.10", "ports": [["port": 80, "targetPort": 80, "protocol": "TCP"]]],
        ]
    }

    /// All at the port of the first.
    static func slice(_ service: String, at endpoints: [ListenAddress]) -> ObjectNode {
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "name": .text("\(service)-1"), "namespace": "default",
                "labels": ["kubernetes.io/service-name": .text(service)],
            ],
            "addressType": "IPv4",
            "ports": [["name": "", "port": .number(Int(endpoints.first?.port ?? 80)), "protocol": "TCP"]],
            "endpoints": .items(
                endpoints.map { ["addresses": [.text($0.host)], "conditions": ["ready": true]] }),
        ]
    }

    /// A host of the service's name that leads to it.
    static func shop(_ name: String, at endpoints: [ListenAddress], secret: String? = nil) -> [ObjectNode] {
        [
            service(name), slice(name, at: endpoints),
            ingress(name, host: "\(name).test", service: name, secret: secret),
        ]
    }

    static func pod(_ name: String, in namespace: String) -> ObjectNode {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .text(name), "namespace": .text(namespace), "labels": ["app.kubernetes.io/name": "portico"],
            ],
        ]
    }

    static func secret(_ name: String) -> ObjectNode {
        [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .text(name), "namespace": "default"],
            "type": "Opaque", "data": [:],
        ]
    }
}

extension KubernetesClient {
    private static let plurals = [
        "Ingress": "ingresses", "IngressClass": "ingressclasses", "EndpointSlice": "endpointslices",
    ]
    private static let clusterWide: Set<String> = ["IngressClass", "ClusterRole", "ClusterRoleBinding", "Namespace"]

    /// Makes an object, or puts it in the place of the one of its name. A connection that was cut is tried again.
    func apply(_ object: ObjectNode) async throws {
        for _ in 0..<5 {
            do { return try await applyOnce(object) } catch APIError.transport { continue }
        }
        try await applyOnce(object)
    }

    private func applyOnce(_ object: ObjectNode) async throws {
        let kind = object["kind"]?.string ?? ""
        let version = (object["apiVersion"]?.string ?? "").split(separator: "/").map(String.init)
        let resource = APIResource(
            group: version.count > 1 ? version[0] : "", version: version.last ?? "v1",
            plural: KubernetesClient.plurals[kind] ?? kind.lowercased() + "s", kind: kind,
            isNamespaced: !KubernetesClient.clusterWide.contains(kind))
        let namespace = resource.isNamespaced ? object.at("metadata", "namespace")?.string ?? "default" : ""
        let name = object.at("metadata", "name")?.string ?? ""
        do {
            _ = try await create(resource, namespace: namespace, object)
        } catch {
            guard error.isAlreadyExists else { throw error }
            _ = try await update(resource, namespace: namespace, name: name, object)
        }
    }
}

/// Asks again and again until `condition` holds, without keeping a thread.
func comesTrue(
    within limit: Double = 40, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows {
    let end = ContinuousClock.now + .seconds(limit)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try? await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("not within \(limit) s: \(what)", sourceLocation: sourceLocation)
}
