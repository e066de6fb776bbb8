import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import ProcessSupervision
import TestSupport
import Testing
import YAMLDocuments

/// What deploy/manifests says, held against what the programs do.
@Suite struct ManifestTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("deploy/manifests")

    private func objects(_ files: String...) throws -> [ObjectNode] {
        try files.flatMap { file in
            let text = try String(contentsOf: ManifestTests.folder.appendingPathComponent(file), encoding: .utf8)
            return try YAMLReader.readAll(text)
        }
    }

    /// One allowed thing: `get leases.coordination.k8s.io`.
    private func grants(_ objects: [ObjectNode]) -> Set<String> {
        var grants: Set<String> = []
        for rule in objects.flatMap({ $0["rules"]?.list ?? [] }) {
            for group in texts(rule["apiGroups"]) {
                for resource in texts(rule["resources"]) {
                    let name = resource.split(separator: "/")[0]
                    for verb in texts(rule["verbs"]) {
                        grants.insert("\(verb) \(name)\(group.isEmpty ? "" : ".\(group)")")
                    }
                }
            }
        }
        return grants
    }

    private func texts(_ node: ObjectNode?) -> [String] { (node?.list ?? []).compactMap(\.string) }

    @Test func `the roles allow exactly what portico-control asks for`() async throws {
        let user = "system:serviceaccount:portico:portico"
        let server = try TestAPIServer.make { options in
            options.usesTLS = false
            options.users["pod"] = APIUser(user)
            options.namespaces.append("portico")
        }
        let client = try server.adminClient()
        let roles = try objects("base/rbac.yaml")
        for role in roles { try await client.apply(role) }
        for object in try objects("base/ingressclass.yaml", "base/configmap.yaml", "base/service.yaml") {
            try await client.apply(object)
        }
        _ = try await client.mergePatch(
            .services, namespace: "portico", name: "portico", subresource: "status",
            ["status": ["loadBalancer": ["ingress": [["ip": "203.0.113.1"]]]]])
        try await client.apply(ClusterObjects.pod("portico-0", in: "portico"))
        try await client.apply(ClusterObjects.secret("shop-tls"))
        for object in ClusterObjects.shop("shop", at: [], secret: "shop-tls") { try await client.apply(object) }
        let replica = try Replica(
            "portico-0", token: "pod", namespace: "portico", server: server,
            arguments: [
                "--ingress-class=portico", "--configmap=portico/portico", "--publish-service=portico/portico",
                "--election-id=portico-leader",
            ])
        await comesTrue("the status is written") { server.requestCount("patch", .ingresses) > 0 }
        await comesTrue("an Event is written") { server.requestCount("create", .events) > 0 }
        await comesTrue("the Secret is read") { server.requestCount("get", .secrets) > 0 }
        await comesTrue("the Lease is renewed") { server.requestCount("update", .leases) > 1 }
        // Says again what the Event says, as another leader would.
        await replica.stop()
        let second = try Replica(
            "portico-0", token: "pod", namespace: "portico", server: server,
            arguments: [
                "--ingress-class=portico", "--configmap=portico/portico", "--publish-service=portico/portico",
                "--election-id=portico-leader",
            ])
        await comesTrue("the Event is repeated") { server.requestCount("patch", .events) > 0 }
        await second.stop()
        let asked = server.requests.filter { $0.user == user }.map { request in
            let group = APIResource.groups[request.resource] ?? ""
            return "\(request.verb) \(request.resource)\(group.isEmpty ? "" : ".\(group)")"
        }
        let granted = grants(roles)
        #expect(Set(asked).subtracting(granted).isEmpty, "asked for, and not granted")
        #expect(granted.subtracting(asked).isEmpty, "granted, and never asked for")
        #expect(!replica.output.contains("forbidden"), "\(replica.output)")
    }

    /// The containers' own arguments, with files and ports of the test in place of those of a pod.
    @Test(arguments: [["base/deployment.yaml"], ["base/deployment.yaml", "admission/deployment-patch.yaml"]])
    func `the pod of the deployment serves HTTP and HTTPS, is ready, and ends in order`(files: [String]) async throws {
        let server = try TestAPIServer.make { options in
            options.usesTLS = false
            options.refusesLoopbackEndpoints = false
            options.namespaces.append("portico")
        }
        let client = try server.adminClient()
        for object in try objects("base/ingressclass.yaml", "base/configmap.yaml", "base/service.yaml") {
            try await client.apply(object)
        }
        let backend = try ScriptedBackend(named: "shop")
        for object in ClusterObjects.shop("shop", at: [backend.address]) { try await client.apply(object) }
        let pod = try DeployedPod(files.map { try objects($0)[0] }, server: server)
        await comesTrue("both containers are ready\n\(pod.output)") { pod.isReady }
        try await comesTrue("HTTP is answered") { try pod.request("http", port: 8080) == "shop" }
        #expect(try pod.request("https", port: 8443) == "shop")
        if files.count > 1 {
            #expect(try pod.request("https", port: 8444, host: "portico-admission.portico.svc", path: "/x") != nil)
        }
        #expect(await pod.end() == [.code(0), .code(0)], "\(pod.output)")
    }

    @Test(arguments: ["base", "admission"])
    func `kustomize builds the manifests, and every object has what its kind needs`(name: String) async throws {
        guard let kubectl = Kubectl.program else { return }
        let (end, output) = try RunningProgram.run(
            kubectl, ["kustomize", ManifestTests.folder.appendingPathComponent(name).path])
        #expect(end == .code(0), "\(output)")
        let objects = try YAMLReader.readAll(output)
        #expect(objects.count >= 10)
        for object in objects {
            let kind = object["kind"]?.string ?? ""
            #expect(object["apiVersion"]?.string != nil, "\(kind)")
            #expect(object.at("metadata", "name")?.string != nil, "\(kind)")
            let isClusterWide = ManifestTests.clusterWide.contains(kind)
            #expect((object.at("metadata", "namespace")?.string == "portico") == !isClusterWide, "\(kind)")
        }
    }

    private static let clusterWide: Set<String> = [
        "Namespace", "ClusterRole", "ClusterRoleBinding", "IngressClass", "ValidatingWebhookConfiguration",
    ]
}

extension APIResource {
    fileprivate static let groups = [
        "ingresses": "networking.k8s.io", "ingressclasses": "networking.k8s.io",
        "endpointslices": "discovery.k8s.io", "leases": "coordination.k8s.io",
    ]
}
