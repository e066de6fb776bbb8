import ControlClient
import PorticoModel
import TestSupport
import Testing

@Suite struct ChangeFeatureTests {
    private static let shop = Manifests.ingress("shop", host: "shop.test", service: "shop")

    private func makePlane(expectedWorkers: Int = 0) async throws -> TestPlane {
        try await TestPlane(
            ["shop.yaml": ChangeFeatureTests.shop, "services.yaml": Manifests.backend("shop", port: 8001)],
            expectedWorkers: expectedWorkers)
    }

    @Test func `A folder reaches a worker: routes, then endpoints that were there before them`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        #expect(worker.hosts == ["shop.test": ["/"]])
        #expect(worker.ports(of: "default-shop-80") == [8001])
        await plane.stop()
    }

    @Test func `A changed Ingress sends its host and nothing else`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        let first = worker.version
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        worker.run { $0.version > first }
        #expect(worker.updates.last?.changed.map(\.name) == [SectionName(kind: .virtualHost, name: "shop.test")])
        #expect(worker.hosts == ["shop.test": ["/new"]])
        await plane.stop()
    }

    @Test func `An endpoint that changes is live state and makes no version`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        let first = worker.version
        try plane.write(Manifests.backend("shop", port: 8002), to: "services.yaml")
        worker.run { $0.ports(of: "default-shop-80") == [8002] }
        #expect(worker.version == first)
        #expect(try await plane.plane.admin.snapshots().snapshots.count == 1)
        await plane.stop()
    }

    @Test func `An external name is resolved for the worker`() async throws {
        let plane = try await TestPlane([
            "shop.yaml": ChangeFeatureTests.shop,
            "services.yaml": """
            apiVersion: v1
            kind: Service
            metadata: {name: shop, namespace: default}
            spec: {type: ExternalName, externalName: localhost, ports: [{port: 80}]}
            """,
        ])
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.ports(of: "default-shop-80")?.contains(80) == true }
        let addresses = worker.endpoints["default-shop-80"]?.endpoints.map(\.address)
        #expect(addresses?.contains { $0.bytes == [127, 0, 0, 1] } == true)
        await plane.stop()
    }

    @Test func `It is ready when every expected worker has applied the configuration`() async throws {
        let plane = try await makePlane(expectedWorkers: 2)
        let workers = [LinkWorker("worker-0"), LinkWorker("worker-1")]
        try workers[0].connect(plane.socket)
        workers[0].run { $0.isComplete && $0.version != .none }
        let half = try await plane.status("one worker") { $0.workers.first?.version == "1.1" }
        #expect(!half.ready)
        try workers[1].connect(plane.socket)
        workers[1].run { $0.isComplete && $0.version != .none }
        _ = try await plane.status("ready") { $0.ready }
        await plane.stop()
    }

    @Test func `A worker that refuses is shown, the others go on, and the next version repairs it`() async throws {
        let plane = try await makePlane()
        let (good, bad) = (LinkWorker("good"), LinkWorker("bad"))
        bad.outcome = .refused("no room")
        for worker in [good, bad] { try worker.connect(plane.socket) }
        good.run { $0.version != .none }
        bad.run { !$0.updates.isEmpty }
        let status = try await plane.status("a refusal") { $0.workers.contains { $0.rejectedVersion != nil } }
        #expect(status.workers.first { $0.process == "bad" }?.rejectedVersion == "1.1")
        #expect(status.workers.first { $0.process == "bad" }?.rejectedReason == "no room")
        #expect(status.workers.first { $0.process == "good" }?.version == "1.1")
        let stored = try await plane.plane.admin.snapshots().snapshots
        #expect(stored.first?.rejected == 1)
        #expect(stored.first?.acknowledged == 1)

        bad.outcome = .applied
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        for worker in [good, bad] { worker.run { $0.version == Version(epoch: 1, sequence: 2) } }
        _ = try await plane.status("no refusal") { $0.workers.allSatisfy { $0.rejectedVersion == nil } }
        await plane.stop()
    }
}
