import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// Programs that are not ours against the servers that tests use, so that both sides of a test are not wrong alike.
@Suite struct OtherClientsTests {
    private static let etcd = ["/usr/local/bin/etcd", "/usr/bin/etcd"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    private static let hasKubectl = Kubectl.program != nil

    @Test(.enabled(if: hasKubectl))
    func `kubectl makes, lists, describes, changes and deletes objects in the API server of the tests`() async throws {
        let server = try TestAPIServer.make()
        let kubectl = try Kubectl(server)
        let file = kubectl.folder("shop.json")
        try kubectl.folder.write(
            ClusterObjects.ingress("shop", host: "shop.test", service: "shop").json, to: "shop.json")
        #expect(
            try kubectl.run("create", "--validate=false", "-f", file).contains(
                "ingress.networking.k8s.io/shop created"))
        #expect(try kubectl.run("get", "ingress").contains("shop"))
        #expect(
            try kubectl.run("get", "ingresses", "-A", "-o", "jsonpath={.items[0].spec.rules[0].host}") == "shop.test")
        let described = try kubectl.run("describe", "ingress", "shop")
        #expect(described.contains("shop.test"), "\(described)")
        #expect(described.contains("Ingress Class:"), "\(described)")
        try kubectl.run("annotate", "ingress", "shop", "nginx.ingress.kubernetes.io/proxy-read-timeout=5")
        let annotations = server.objects(of: .ingresses).first?.at("metadata", "annotations")
        #expect(annotations?["nginx.ingress.kubernetes.io/proxy-read-timeout"]?.string == "5")
        try kubectl.run("delete", "ingress", "shop", "--wait=false")
        #expect(server.objects(of: .ingresses).isEmpty)
    }

    /// The webhook's certificate is made by cert-manager, whose kinds no API server has by itself.
    @Test(.enabled(if: hasKubectl))
    func `kubectl applies deploy/manifests, twice, and tries them first`() async throws {
        let server = try TestAPIServer.make()
        let kubectl = try Kubectl(server)
        let folder = Kubectl.package + "/deploy/manifests/base"
        let first = try kubectl.run("apply", "--validate=false", "-k", folder)
        let kinds = first.split(separator: "\n")
        #expect(kinds.count >= 10)
        #expect(kinds.allSatisfy { $0.hasSuffix(" created") }, "\(first)")
        let second = try kubectl.run("apply", "--validate=false", "-k", folder)
        // kubectl always replaces the selector of a disruption budget.
        let changed = second.split(separator: "\n").filter { !$0.hasSuffix(" unchanged") }
        #expect(changed.allSatisfy { $0.hasPrefix("poddisruptionbudget") }, "\(second)")
        let container = "jsonpath={.spec.template.spec.containers[*].name}"
        #expect(try kubectl.run("-n", "portico", "get", "deployment", "portico", "-o", container) == "control proxy")
        try kubectl.folder.write(
            ClusterObjects.ingress("trial", host: "trial.test", service: "shop").json, to: "trial.json")
        let trial = try kubectl.run(
            "create", "--validate=false", "--dry-run=server", "-f", kubectl.folder("trial.json"))
        #expect(trial.contains("created (server dry run)"), "\(trial)")
        #expect(server.objects(of: .ingresses).isEmpty)
    }

    @Test(.enabled(if: hasKubectl))
    func `kubectl describe shows what Portico says of an Ingress, and kubectl get its address`() async throws {
        let server = try TestAPIServer.make()
        let kubectl = try Kubectl(server)
        let client = try server.adminClient()
        try await client.apply(ClusterObjects.ingressClass)
        for object in ClusterObjects.shop("shop", at: []) { try await client.apply(object) }
        let replica = try Replica(
            "portico-0", token: "admin", server: server,
            arguments: ["--ingress-class=portico", "--publish-status-address=203.0.113.1"])
        await comesTrue("an Event and a status are written\n\(replica.output)") {
            server.requestCount("create", .events) > 0 && server.requestCount("patch", .ingresses) > 0
        }
        let first = try kubectl.run("describe", "ingress", "shop")
        #expect(first.contains("Sync"), "\(first)")
        #expect(first.contains("portico"), "\(first)")
        #expect(first.contains("203.0.113.1"), "\(first)")
        try kubectl.run("annotate", "ingress", "shop", "nginx.ingress.kubernetes.io/proxy-read-timeout=soon")
        await comesTrue("the fault is an Event") {
            server.objects(of: .events).contains { $0["reason"]?.string == "InvalidAnnotation" }
        }
        let described = try kubectl.run("describe", "ingress", "shop")
        #expect(described.contains("Warning"), "\(described)")
        #expect(described.contains("InvalidAnnotation"), "\(described)")
        #expect(described.contains("not 'soon'"), "\(described)")
        await replica.stop()
    }

    @Test(.enabled(if: etcd != nil))
    func `etcd starts as tests start it for a real API server`() async throws {
        let (folder, address) = (try TemporaryFolder(), try FreePort.take())
        let program = try RealAPIServer.startEtcd(try #require(OtherClientsTests.etcd), folder, address)
        await comesTrue("it is healthy: \(program.output)") {
            (try? get("/health", from: address))?.text.contains("true") == true
        }
        program.send(SIGTERM)
        await comesTrue("it ends") { program.poll() != nil }
    }

    /// The programs that KUBEBUILDER_ASSETS would name are started, awaited and ended as real ones are.
    @Test func `What stands in for kube-apiserver is started like it`() async throws {
        let folder = try TemporaryFolder()
        let stand = RunningProgram.path(of: "portico-test-apiserver")
        try FileManager.default.createSymbolicLink(atPath: folder("kube-apiserver"), withDestinationPath: stand)
        if let etcd = OtherClientsTests.etcd {
            try FileManager.default.createSymbolicLink(atPath: folder("etcd"), withDestinationPath: etcd)
        } else {
            try folder.write("#!/bin/sh\nexec sleep 60\n", to: "etcd")
            chmod(folder("etcd"), 0o700)
        }
        let server = try await RealAPIServer(programs: folder.path)
        _ = try await server.adminClient().list(.namespaces)
        let error = await #expect(throws: APIError.self) { try await server.userClient().list(.namespaces) }
        #expect(error?.isForbidden == true)
    }
}
