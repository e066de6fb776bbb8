import ClusterState
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import TestSupport
import Testing

/// What the API server and the network do to a control plane, and what it makes of it.
@Suite struct ClusterFailureTests {
    private static let shop = Manifests.ingress("shop", host: "shop.test", service: "shop")
    private static let backend = Manifests.backend("shop", port: 8001)

    enum Failure: String, CaseIterable, CustomTestStringConvertible {
        case cutConnections = "every connection is cut"
        case expiredVersions = "the versions are no longer kept"
        case errorEvent = "watches end with an error event"
        case throttling = "requests are throttled"
        case unavailable = "requests fail with 500"
        case brokenAnswers = "answers break off"
        case restart = "the server restarts"
        case resetHistory = "the server restarts with its history reset"
        case silence = "the connections go silent"

        var testDescription: String { rawValue }

        func happen(to server: TestAPIServer) throws {
            switch self {
            case .cutConnections: server.cutConnections()
            case .expiredVersions:
                server.compact()
                server.cutConnections()
            case .errorEvent:
                server.inject(Fault(.errorEvent(.init(500, "InternalError", "etcd is gone")), verb: "watch", count: 8))
                server.cutConnections()
            case .throttling:
                server.inject(Fault(.refuse(.throttled(seconds: 1)), count: 3))
                server.cutConnections()
            case .unavailable:
                server.inject(Fault(.refuse(.init(500, "InternalError", "not now")), verb: "watch", count: 10))
                server.cutConnections()
            case .brokenAnswers:
                server.inject(Fault(.breakOff, verb: "list", count: 3))
                server.compact()
                server.cutConnections()
            case .restart:
                server.stop()
                try server.resume()
            case .resetHistory: server.resetHistory()
            case .silence: server.silenceConnections()
            }
        }
    }

    @Test(arguments: Failure.allCases)
    func `A change after the failure arrives all the same`(_ failure: Failure) async throws {
        let server = try TestAPIServer.make { $0.bookmarkSeconds = 0.2 }
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend]) { _, selection in
            selection.reflectors.silenceSeconds = 1
        }
        let worker = try await plane.worker()
        let version = worker.version
        try failure.happen(to: server)
        plane.admin = try server.adminClient()
        await settles("the server can be reached") { (try? await plane.admin.list(.services)) != nil }
        server.clearFaults()
        try await plane.apply(Manifests.backend("shop", port: 8002))
        await worker.follow { $0.ports(of: "default-shop-80") == [8002] }
        #expect(worker.version == version)
        await plane.stop()
    }

    @Test func `What is deleted during an outage is gone afterwards`() async throws {
        let server = try TestAPIServer.make()
        let gone = Manifests.ingress("gone", host: "gone.test", service: "shop")
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, gone, Self.backend])
        let worker = try await plane.worker()
        server.inject(Fault(.cut, verb: "watch", count: 1_000))
        server.cutConnections()
        try await plane.delete(gone)
        server.compact()
        server.clearFaults()
        await worker.follow { $0.hosts.keys.sorted() == ["shop.test"] }
        await plane.stop()
    }

    @Test func `A list after expired versions tells the worker nothing that it knows`() async throws {
        let server = try TestAPIServer.make()
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        let (version, bytes) = (worker.version, worker.receivedBytes)
        server.forgetRequests()
        server.compact()
        server.cutConnections()
        await settles("all are listed again") {
            server.requestCount("list", .ingresses) > 0 && server.requestCount("list", .endpointSlices) > 0
        }
        try await plane.apply(Manifests.backend("shop", port: 8002))
        await worker.follow { $0.ports(of: "default-shop-80") == [8002] }
        #expect(worker.version == version)
        #expect(worker.receivedBytes - bytes < 400)
        await plane.stop()
    }

    @Test func `Nothing is listed again while nothing fails`() async throws {
        let server = try TestAPIServer.make()
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        await settles("everything is watched") { server.requestCount("watch", .secrets) > 0 }
        server.forgetRequests()
        for port in 9_000..<9_020 {
            try await plane.apply(Manifests.backend("shop", port: UInt16(port)))
        }
        await worker.follow { $0.ports(of: "default-shop-80") == [9_019] }
        #expect(server.requests.count { $0.verb == "list" } == 0)
        await plane.stop()
    }

    @Test func `A watch that breaks goes on at the version of its last bookmark`() async throws {
        let server = try TestAPIServer.make { $0.bookmarkSeconds = 0.05 }
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        await plane.awaitReady()
        // Of a kind that nobody watches, so that only a bookmark tells of the version.
        for index in 0..<3 {
            _ = try await plane.admin.create(.namespaces, ["metadata": ["name": .text("n-\(index)")]])
        }
        let version = server.version
        await settles("a bookmark tells of it") { server.lastBookmark(of: .ingresses) >= version }
        server.forgetRequests()
        server.cutConnections()
        await settles("the watch begins again") { server.requestCount("watch", .ingresses) > 0 }
        let watch = server.requests.first { $0.verb == "watch" && $0.resource == "ingresses" }
        #expect(watch?.query["resourceVersion"].flatMap { Int($0) } ?? 0 >= version)
        #expect(server.requestCount("list", .ingresses) == 0)
        await plane.stop()
    }

    @Test func `Lists come in pages`() async throws {
        let server = try TestAPIServer.make()
        let ingresses = (0..<7).map { Manifests.ingress("shop-\($0)", host: "shop-\($0).test", service: "shop") }
        let plane = try await ClusterPlane(server, startsWith: ingresses + [Self.backend]) { _, selection in
            selection.reflectors.pageSize = 3
        }
        let worker = try await plane.worker()
        #expect(worker.hosts.count == 7)
        #expect(server.requestCount("list", .ingresses) == 3)
        await plane.stop()
    }

    // MARK: Rights

    @Test func `Without a needed right the control plane is not ready and says which is missing`() async throws {
        let server = try TestAPIServer.make()
        let admin = try server.adminClient()
        for resource in [APIResource.services, .endpointSlices, .ingressClasses, .secrets] {
            try await admin.grant("user", ["get", "list", "watch"], on: resource)
        }
        let plane = try await ClusterPlane(server, connection: server.user, startsWith: [Self.shop, Self.backend])
        await settles("the reason is known") {
            await plane.status().diagnostics.contains {
                $0.reason.contains("cannot list resource \"ingresses\" in API group \"networking.k8s.io\"")
            }
        }
        #expect(await plane.status().ready == false)
        try await admin.grant("user", ["list", "watch"], on: .ingresses)
        await plane.awaitReady()
        let worker = try await plane.worker()
        #expect(worker.hosts.count == 1)
        await plane.stop()
    }

    @Test func `Without an optional right it serves, and warns`() async throws {
        let server = try TestAPIServer.make()
        let admin = try server.adminClient()
        for resource in [APIResource.services, .endpointSlices, .ingresses] {
            try await admin.grant("user", ["list", "watch"], on: resource)
        }
        let plane = try await ClusterPlane(server, connection: server.user, startsWith: [Self.shop, Self.backend])
        await plane.awaitReady()
        let warnings = await plane.status().diagnostics.map(\.reason)
        #expect(warnings.contains { $0.contains("cannot list resource \"ingressclasses\"") })
        await settles("the Secrets' right is missed as well") {
            await plane.status().diagnostics.contains { $0.reason.contains("cannot list resource \"secrets\"") }
        }
        await plane.stop()
    }

    // MARK: Starts

    @Test func `While the API server is away at the start workers keep what they have`() async throws {
        let server = try TestAPIServer.make()
        let plane = try await ClusterPlane(server, startsWith: [Self.shop, Self.backend])
        let worker = try await plane.worker()
        let version = worker.version
        await plane.stop()
        server.stop()
        try await plane.start()
        try worker.connect(plane.socket)
        await settles("the failure is known") {
            await plane.status().diagnostics.contains { $0.reason.contains("cannot be reached") }
        }
        #expect(await plane.status().ready == false)
        #expect(worker.version == version)
        try server.resume()
        try await plane.apply(Manifests.ingress("new", host: "new.test", service: "shop"))
        await worker.follow { $0.hosts.keys.sorted() == ["new.test", "shop.test"] }
        #expect(worker.version > version)
        await plane.stop()
    }
}
