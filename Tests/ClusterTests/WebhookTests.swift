import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// The admission webhook of a real portico-control, asked as an API server asks.
@Suite struct WebhookTests {
    private let folder: TemporaryFolder
    private let server: TestAPIServer
    private let address: ListenAddress
    private let replica: Replica

    init() async throws {
        folder = try TemporaryFolder()
        server = try TestAPIServer.make { $0.usesTLS = false }
        address = try FreePort.take()
        let (end, output) = try RunningProgram.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=portico", "-addext", "subjectAltName=DNS:portico.test", "-keyout", folder("key"), "-out",
                folder("cert"),
            ])
        #expect(end == .code(0), "\(output)")
        let client = try server.adminClient()
        try await client.apply(ClusterObjects.ingressClass)
        for object in ClusterObjects.shop("shop", at: []) { try await client.apply(object) }
        replica = try Replica(
            "portico-0", token: "admin", server: server,
            arguments: [
                "--ingress-class=portico", "--validating-webhook=\(address)", "--validating-webhook-certificate",
                folder("cert"), "--validating-webhook-key", folder("key"), "--update-status=false",
            ])
    }

    /// The answer to the review of an Ingress; its status where that is not 200.
    private func review(_ ingress: ObjectNode) async throws -> String {
        let review: ObjectNode = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "705ab4f5", "operation": "CREATE", "object": ingress,
                "kind": ["group": "networking.k8s.io", "version": "v1", "kind": "Ingress"],
            ],
        ]
        try folder.write(review.json, to: "review")
        let words = [
            "-s", "--max-time", "10", "--cacert", folder("cert"), "--resolve",
            "portico.test:\(address.port):127.0.0.1", "-H", "Content-Type: application/json", "--data-binary",
            "@\(folder("review"))", "https://portico.test:\(address.port)/networking/v1/ingresses",
        ]
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try RunningProgram.run("/usr/bin/curl", words).output })
            }
        }
    }

    @Test func `what the cluster holds decides about what is to come`() async throws {
        let taken = ClusterObjects.ingress("thief", host: "shop.test", service: "shop")
        await comesTrue("the same host and path are denied, by name") {
            let answer = try? await review(taken)
            return answer?.contains("belongs to Ingress default/shop") == true
                && answer?.contains(#""allowed":false"#) == true
        }
        let free = ClusterObjects.ingress("other", host: "other.test", service: "shop")
        #expect(try await review(free).contains(#""allowed":true"#))
        var foreign = taken
        foreign.set("spec", "ingressClassName", to: "another")
        #expect(try await review(foreign).contains(#""allowed":true"#))
        var misspelt = free
        misspelt.set(
            "metadata", "annotations",
            to: .texts(["nginx.ingress.kubernetes.io/proxy-read-timeout": "soon"]))
        let answer = try await review(misspelt)
        #expect(answer.contains(#""allowed":false"#), "\(answer)")
        #expect(answer.contains("metadata.annotations[nginx.ingress.kubernetes.io/proxy-read-timeout]"), "\(answer)")
        await replica.stop()
    }

    @Test func `an alias that another Ingress has, or whose host is another's, is denied`() async throws {
        let client = try server.adminClient()
        var owner = ClusterObjects.ingress("owner", host: "owner.test", service: "shop")
        owner.set("metadata", "annotations", to: alias("alias.test"))
        try await client.apply(owner)
        var second = ClusterObjects.ingress("second", host: "second.test", service: "shop")
        second.set("metadata", "annotations", to: alias("alias.test"))
        await comesTrue("the alias of another is denied\n\(replica.output)") {
            let answer = try? await review(second)
            return answer?.contains("server-alias alias.test belongs to Ingress default/owner") == true
                && answer?.contains(#""allowed":false"#) == true
        }
        second.set("metadata", "annotations", to: alias("shop.test"))
        let ruled = try await review(second)
        #expect(ruled.contains("server-alias shop.test belongs to another rule"), "\(ruled)")
        #expect(ruled.contains(#""allowed":false"#), "\(ruled)")
        let taking = try await review(ClusterObjects.ingress("taking", host: "alias.test", service: "shop"))
        #expect(taking.contains("Ingress default/owner would lose"), "\(taking)")
        #expect(taking.contains(#""allowed":false"#), "\(taking)")
        second.set("metadata", "annotations", to: alias("free.test"))
        #expect(try await review(second).contains(#""allowed":true"#))
        await replica.stop()
    }

    private func alias(_ host: String) -> ObjectNode {
        ["nginx.ingress.kubernetes.io/server-alias": .text(host)]
    }
}
