import ControlClient
import ControlServer
import PorticoModel
import TestSupport
import Testing

@Suite struct RollbackFeatureTests {
    private func makePlane() async throws -> TestPlane {
        try await TestPlane([
            "shop.yaml": Manifests.ingress("shop", host: "shop.test", path: "/old", service: "old"),
            "old.yaml": Manifests.backend("old", port: 8001), "new.yaml": Manifests.backend("new", port: 9001),
        ])
    }

    private func change(_ plane: TestPlane, to path: String) throws {
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: path, service: "new"), to: "shop.yaml")
    }

    @Test func `A rollback holds changes back until resume`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version == Version(epoch: 1, sequence: 1) }
        try change(plane, to: "/new")
        worker.run { $0.hosts == ["shop.test": ["/new"]] }

        let back = try await plane.plane.admin.rollback(AdminRollback(version: "1.1", reason: "bad day"))
        #expect(back.version == "1.3")
        worker.run { $0.version == Version(epoch: 1, sequence: 3) }
        #expect(worker.hosts == ["shop.test": ["/old"]])
        #expect(worker.updates.last?.isPinned == true)

        try change(plane, to: "/newer")
        let status = try await plane.status("a version held back") { $0.classGroups[0].compiled == "1.4" }
        #expect(status.classGroups[0].published == "1.3")
        #expect(status.classGroups[0].pin?.restored == "1.1")
        #expect(status.classGroups[0].pin?.reason == "bad day")

        #expect(try await plane.plane.admin.resume(AdminResume()).version == "1.4")
        worker.run { $0.hosts == ["shop.test": ["/newer"]] }
        #expect(worker.updates.last?.isPinned == false)
        await plane.stop()
    }

    @Test func `Old routes meet the endpoints of today, though no Ingress names their service`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        try change(plane, to: "/new")
        worker.run { $0.hosts == ["shop.test": ["/new"]] && $0.ports(of: "default-old-80") == nil }
        _ = try await plane.plane.admin.rollback(AdminRollback(version: "1.1", reason: ""))
        worker.run { $0.version == Version(epoch: 1, sequence: 3) && $0.ports(of: "default-old-80") == [8001] }
        try plane.write(Manifests.backend("old", port: 8002), to: "old.yaml")
        worker.run { $0.ports(of: "default-old-80") == [8002] }
        _ = try await plane.plane.admin.resume(AdminResume())
        worker.run { $0.ports(of: "default-old-80") == nil && $0.ports(of: "default-new-80") == [9001] }
        await plane.stop()
    }

    @Test func `A pin outlives a restart, with endpoints that go on changing`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        try change(plane, to: "/new")
        worker.run { $0.version == Version(epoch: 1, sequence: 2) }
        _ = try await plane.plane.admin.rollback(AdminRollback(version: "1.1", reason: ""))
        worker.run { $0.version == Version(epoch: 1, sequence: 3) }
        await plane.stop()
        try await plane.start()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete }
        #expect(worker.version == Version(epoch: 1, sequence: 3))
        try plane.write(Manifests.backend("old", port: 8003), to: "old.yaml")
        worker.run { $0.ports(of: "default-old-80") == [8003] }
        #expect(try await plane.plane.admin.resume(AdminResume()).version == "1.4")
        worker.run { $0.hosts == ["shop.test": ["/new"]] }
        await plane.stop()
    }

    @Test func `Old routes meet the users of today, though no Ingress names their Secret`() async throws {
        func secret(_ users: String) -> String {
            """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: users, namespace: default}
            stringData: {auth: "\(users)"}

            """
        }
        let guarded = Manifests.ingress(
            "shop", host: "shop.test", path: "/old", service: "old",
            annotations: [
                "nginx.ingress.kubernetes.io/auth-type": "basic", "nginx.ingress.kubernetes.io/auth-secret": "users",
            ])
        let plane = try await TestPlane([
            "shop.yaml": guarded, "users.yaml": secret("ann:x"), "old.yaml": Manifests.backend("old", port: 8001),
            "new.yaml": Manifests.backend("new", port: 9001),
        ])
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        let name = LiveObjectName(kind: .passwords, name: "default/users")
        worker.run { $0.isComplete && $0.version != .none && $0.objects[name] != nil }
        try change(plane, to: "/new")
        worker.run { $0.hosts == ["shop.test": ["/new"]] && $0.objects[name] == nil }
        _ = try await plane.plane.admin.rollback(AdminRollback(version: "1.1", reason: ""))
        worker.run { $0.version == Version(epoch: 1, sequence: 3) && $0.objects[name] != nil }
        try plane.write(secret("ann:y"), to: "users.yaml")
        worker.run { $0.objects[name]?.content == Array("ann:y".utf8) }
        _ = try await plane.plane.admin.resume(AdminResume())
        worker.run { $0.objects[name] == nil }
        await plane.stop()
    }

    @Test func `Rollbacks under a stream of changes always end with the newest on resume`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        for round in 1...5 {
            for step in 1...4 { try change(plane, to: "/r\(round)-\(step)") }
            _ = try await plane.plane.admin.rollback(AdminRollback(version: "1.1", reason: ""))
            worker.run { $0.hosts == ["shop.test": ["/old"]] }
            try change(plane, to: "/r\(round)")
            _ = try await plane.plane.admin.resume(AdminResume())
            worker.run { $0.hosts == ["shop.test": ["/r\(round)"]] }
        }
        #expect(worker.updates.map(\.version) == worker.updates.map(\.version).sorted())
        await plane.stop()
    }

    @Test func `An unknown version is refused with a reason`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.version != .none }
        let refusal = await #expect(throws: AdminRefusal.self) {
            try await plane.plane.admin.rollback(AdminRollback(version: "9.9", reason: ""))
        }
        #expect(refusal?.reason.contains("9.9") == true)
        await #expect(throws: AdminRefusal.self) { try await plane.plane.admin.resume(AdminResume()) }
        await plane.stop()
    }
}
