import ControlClient
import ControlServer
import ControllerCore
import PorticoModel
import TestSupport
import Testing

@Suite struct ClassGroupFeatureTests {
    private func makePlane() async throws -> TestPlane {
        let files = [
            "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
            "wiki.yaml": Manifests.ingress("wiki", host: "wiki.test", service: "wiki", className: "private"),
            "services.yaml": [Manifests.backend("shop", port: 8001), Manifests.backend("wiki", port: 9001)]
                .joined(separator: "\n---\n"),
        ]
        return try await TestPlane(
            files, classGroups: [NamedClassGroup(name: "internal", classes: ["private", "nginx-internal"])])
    }

    private func workers(of plane: TestPlane) throws -> (external: LinkWorker, internal: LinkWorker) {
        let pair = (LinkWorker("external"), LinkWorker("internal", classGroup: "internal"))
        for worker in [pair.0, pair.1] {
            try worker.connect(plane.socket)
            worker.run { $0.isComplete && $0.version != .none }
        }
        return pair
    }

    @Test func `Each group has its own hosts, endpoints and versions`() async throws {
        let plane = try await makePlane()
        let workers = try workers(of: plane)
        #expect(workers.external.hosts == ["shop.test": ["/"]])
        #expect(workers.internal.hosts == ["wiki.test": ["/"]])
        #expect(workers.external.ports(of: "default-wiki-80") == nil)
        #expect(workers.internal.ports(of: "default-wiki-80") == [9001])
        let before = workers.external.version
        try plane.write(
            Manifests.ingress("wiki", host: "wiki.test", path: "/new", service: "wiki", className: "private"),
            to: "wiki.yaml")
        workers.internal.run { $0.hosts == ["wiki.test": ["/new"]] }
        #expect(workers.external.version == before)
        let status = await plane.status()
        #expect(status.classGroups.map(\.name) == ["portico", "internal"])
        #expect(status.classGroups.map(\.hosts) == [1, 1])
        #expect(Set(status.workers.map(\.classGroup)) == ["portico", "internal"])
        await plane.stop()
    }

    @Test func `An Ingress that changes its class moves from one group to the other`() async throws {
        let plane = try await makePlane()
        let workers = try workers(of: plane)
        try plane.write(Manifests.ingress("wiki", host: "wiki.test", service: "wiki"), to: "wiki.yaml")
        workers.external.run { $0.hosts.keys.sorted() == ["shop.test", "wiki.test"] }
        workers.internal.run { $0.hosts.isEmpty }
        #expect(workers.external.ports(of: "default-wiki-80") == [9001])
        await plane.stop()
    }

    @Test func `A rollback pins one group, over a restart too, and the other goes on`() async throws {
        let plane = try await makePlane()
        var workers = try workers(of: plane)
        let first = workers.internal.version.description
        try plane.write(
            Manifests.ingress("wiki", host: "wiki.test", path: "/new", service: "wiki", className: "private"),
            to: "wiki.yaml")
        workers.internal.run { $0.hosts == ["wiki.test": ["/new"]] }

        await #expect(throws: AdminRefusal.self) {
            try await plane.plane.admin.rollback(AdminRollback(version: first, reason: ""))
        }
        let other = await #expect(throws: AdminRefusal.self) {
            try await plane.plane.admin.rollback(
                AdminRollback(version: first, reason: "", classGroup: "portico"))
        }
        #expect(other?.reason == "version \(first) belongs to the class group 'internal'")
        _ = try await plane.plane.admin.rollback(AdminRollback(version: first, reason: "", classGroup: "internal"))
        workers.internal.run { $0.hosts == ["wiki.test": ["/"]] }
        try plane.write(
            Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        workers.external.run { $0.hosts == ["shop.test": ["/new"]] }

        await plane.stop()
        try await plane.start()
        workers = try self.workers(of: plane)
        #expect(workers.internal.hosts == ["wiki.test": ["/"]])
        #expect(workers.external.hosts == ["shop.test": ["/new"]])
        let status = await plane.status()
        #expect(status.classGroups.map { $0.pin == nil } == [true, false])
        let resume = AdminResume(classGroup: "internal")
        _ = try await plane.plane.admin.resume(resume)
        workers.internal.run { $0.hosts == ["wiki.test": ["/new"]] }
        await plane.stop()
    }
}
