import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// Programs that are not ours against the servers that tests use, so that both sides of a test are not wrong alike.
@Suite struct OtherClientsTests {
    private static let kubectl = ["/usr/local/bin/kubectl", "/usr/bin/kubectl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    private static let etcd = ["/usr/local/bin/etcd", "/usr/bin/etcd"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(.enabled(if: kubectl != nil))
    func `kubectl makes, lists, describes, changes and deletes objects in the API server of the tests`() async throws {
        let kubectl = try #require(OtherClientsTests.kubectl)
        let (folder, server) = (try TemporaryFolder(), try TestAPIServer.make())
        try folder.write(server.kubeconfig(), to: "kubeconfig")
        try folder.write(ClusterObjects.ingress("shop", host: "shop.test", service: "shop").json, to: "shop.json")
        func run(_ words: String...) throws -> String {
            let place = ["--kubeconfig", folder("kubeconfig"), "--cache-dir", folder("cache")]
            let (end, output) = try RunningProgram.run(kubectl, place + words)
            #expect(end == .code(0), "\(words): \(output)")
            return output
        }
        #expect(
            try run("create", "--validate=false", "-f", folder("shop.json")).contains(
                "ingress.networking.k8s.io/shop created"))
        #expect(try run("get", "ingress").contains("shop"))
        #expect(try run("get", "ingresses", "-A", "-o", "jsonpath={.items[0].spec.rules[0].host}") == "shop.test")
        let described = try run("describe", "ingress", "shop")
        #expect(described.contains("shop.test"), "\(described)")
        #expect(described.contains("Ingress Class:"), "\(described)")
        _ = try run("annotate", "ingress", "shop", "nginx.ingress.kubernetes.io/proxy-read-timeout=5")
        let annotations = server.objects(of: .ingresses).first?.at("metadata", "annotations")
        #expect(annotations?["nginx.ingress.kubernetes.io/proxy-read-timeout"]?.string == "5")
        _ = try run("delete", "ingress", "shop", "--wait=false")
        #expect(server.objects(of: .ingresses).isEmpty)
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
}
