import ClusterState
import KubernetesAPI
import KubernetesTestServer
import Synchronization
import TestSupport
import Testing

@Suite struct ClientTests {
    private let service: ObjectNode = [
        "metadata": ["name": "web"], "spec": ["ports": [["name": "http", "port": 80, "targetPort": "http"]]],
    ]

    @Test func `An object is created, read, updated, patched and deleted`() async throws {
        let server = try await APIServers.make()
        let client = try server.adminClient()
        var object = try await client.create(.services, namespace: "default", service)
        #expect(object.at("metadata", "namespace")?.string == "default")
        object.set("spec", "clusterIP", to: "None")
        object = try await client.update(.services, namespace: "default", name: "web", object)
        let patched = try await client.mergePatch(
            .services, namespace: "default", name: "web",
            ["metadata": ["labels": ["tier": "front"]], "spec": ["clusterIP": nil]])
        #expect(patched.at("metadata", "labels", "tier")?.string == "front")
        #expect(patched.at("spec", "clusterIP") == nil)
        #expect(try await client.get(.services, namespace: "default", name: "web") == patched)
        try await client.delete(.services, namespace: "default", name: "web")
        await #expect(throws: APIError.self) { try await client.get(.services, namespace: "default", name: "web") }
    }

    @Test func `A writer that read an old version is refused with a conflict`() async throws {
        let server = try await APIServers.make()
        let client = try server.adminClient()
        var old = try await client.create(.services, namespace: "default", service)
        _ = try await client.mergePatch(
            .services, namespace: "default", name: "web", ["metadata": ["labels": ["a": "b"]]])
        old.set("spec", "clusterIP", to: "None")
        let stale = old
        let error = await #expect(throws: APIError.self) {
            try await client.update(.services, namespace: "default", name: "web", stale)
        }
        #expect(error?.isConflict == true)
        #expect(error?.status?.reason == "Conflict")
    }

    @Test func `A list comes in pages that are of one version`() async throws {
        let server = try await APIServers.make()
        let client = try server.adminClient()
        for index in 0..<5 {
            var object = service
            object.set("metadata", "name", to: .text("web-\(index)"))
            _ = try await client.create(.services, namespace: "default", object)
        }
        let first = try await client.list(.services, query: [.init("limit", "2")])
        let token = try #require(first.at("metadata", "continue")?.string)
        try await client.delete(.services, namespace: "default", name: "web-4")
        let rest = try await client.list(.services, query: [.init("limit", "10"), .init("continue", token)])
        #expect(first["items"]?.list?.count == 2)
        #expect(rest["items"]?.list?.count == 3)
        #expect(rest.resourceVersion == first.resourceVersion)
    }

    @Test func `A watch hands out events as they happen and ends when its task is cancelled`() async throws {
        let server = try await APIServers.make()
        let client = try server.adminClient()
        let text = Mutex("")
        let request = APIRequest(.get, APIResource.services.path(), query: [.init("watch", "1")])
        let watch = Task {
            try await client.stream(request) { bytes in
                text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
                return true
            }
        }
        _ = try await client.create(.services, namespace: "default", service)
        await settles("the event arrives") { text.withLock { $0.contains("\"ADDED\"") && $0.hasSuffix("\n") } }
        watch.cancel()
        let result = await watch.result
        #expect(throws: APIError.cancelled) { try result.get() }
    }

    @Test func `Who may not is told the verb and the resource, and a role gives the right`() async throws {
        let server = try await APIServers.make()
        let (admin, user) = (try server.adminClient(), try server.userClient())
        let error = await #expect(throws: APIError.self) { try await user.list(.ingresses) }
        let message = error?.status?.message ?? ""
        #expect(error?.isForbidden == true)
        #expect(message.contains("cannot list resource \"ingresses\" in API group \"networking.k8s.io\""))
        try await admin.grant("user", ["list"], on: .ingresses)
        await settles("the role takes effect") { (try? await user.list(.ingresses)) != nil }
    }

    @Test func `An unknown token is refused`() async throws {
        let server = try await APIServers.make()
        var parameters = server.user
        parameters.bearerToken = "stranger"
        let client = try KubernetesClient(FixedConnection(parameters))
        let error = await #expect(throws: APIError.self) { try await client.list(.services) }
        #expect(error?.isUnauthorized == true)
    }

    @Test func `A throttled request is repeated after the time that the server names`() async throws {
        let server = try TestAPIServer.make()
        server.inject(Fault(.refuse(.throttled(seconds: 1)), count: 1))
        let client = try server.adminClient()
        let start = ContinuousClock.now
        _ = try await client.list(.services)
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(server.requestCount("list", .services) == 2)
    }

    @Test func `A server that says nothing is given up after the timeout`() async throws {
        let server = try TestAPIServer.make()
        server.inject(Fault(.silence))
        var request = APIRequest(.get, "/api/v1/services")
        request.timeoutSeconds = 0.3
        let client = try server.adminClient()
        let wanted = request
        let error = await #expect(throws: APIError.self) { try await client.send(wanted) }
        guard case .timedOut = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        _ = try await client.list(.services)
    }

    @Test func `The server's certificate is checked, against another name where one is given`() async throws {
        let server = try TestAPIServer.make()
        var parameters = server.admin
        parameters.tlsServerName = "kubernetes.test"
        _ = try await KubernetesClient(FixedConnection(parameters)).list(.services)
        for change in [{ $0.tlsServerName = "other.test" }, { $0.certificateAuthority = TestCertificates().authority }]
            as [(inout ConnectionParameters) -> Void]
        {
            var wrong = server.admin
            change(&wrong)
            let client = try KubernetesClient(FixedConnection(wrong))
            let error = await #expect(throws: APIError.self) { try await client.list(.services) }
            guard case .transport(let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(reason.contains("SSL"))
        }
        var trusting = server.admin
        trusting.certificateAuthority = nil
        trusting.skipsVerification = true
        _ = try await KubernetesClient(FixedConnection(trusting)).list(.services)
    }

    @Test func `A client certificate says who asks`() async throws {
        let server = try TestAPIServer.make()
        let pair = server.certificates.client("root", groups: ["system:masters"])
        var parameters = server.admin
        parameters.bearerToken = nil
        parameters.clientCertificate = pair.certificate
        parameters.clientKey = pair.key
        _ = try await KubernetesClient(FixedConnection(parameters)).list(.services)
    }

    @Test func `A token review tells whose a token is`() async throws {
        let client = try TestAPIServer.make().adminClient()
        let review = try await client.create(
            .tokenReviews, ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": "user"]])
        #expect(review.at("status", "authenticated")?.bool == true)
        #expect(review.at("status", "user", "username")?.string == "user")
    }
}
