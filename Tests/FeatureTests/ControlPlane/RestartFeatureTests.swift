import ControlClient
import ControllerCore
import Foundation
import PorticoModel
import TestSupport
import Testing

@Suite struct RestartFeatureTests {
    private func makePlane() async throws -> TestPlane {
        try await TestPlane([
            "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
            "services.yaml": Manifests.backend("shop", port: 8001),
        ])
    }

    @Test func `A restarted control plane takes its workers back without a new version`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        await plane.stop()
        worker.run { !$0.isConnected }
        try await plane.start()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete }
        #expect(worker.updates.map(\.version) == [Version(epoch: 1, sequence: 1)])
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        worker.run { $0.version == Version(epoch: 1, sequence: 2) }
        await plane.stop()
    }

    @Test func `What changed while it was away is published at the start`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        await plane.stop()
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        try await plane.start()
        worker.run { !$0.isConnected }
        try worker.connect(plane.socket)
        worker.run { $0.version == Version(epoch: 1, sequence: 2) }
        #expect(worker.hosts == ["shop.test": ["/new"]])
        await plane.stop()
    }

    @Test func `A control plane that lost its history moves above its workers`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        worker.run { $0.version == Version(epoch: 1, sequence: 2) }
        await plane.stop()
        try FileManager.default.removeItem(atPath: plane.folder("data/snapshots.sqlite"))
        try await plane.start()
        worker.run { !$0.isConnected }
        try worker.connect(plane.socket)
        worker.run { $0.version.epoch == 2 }
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/last", service: "shop"), to: "shop.yaml")
        worker.run { $0.hosts == ["shop.test": ["/last"]] }
        #expect(worker.version.epoch == 2)
        await plane.stop()
    }

    @Test func `An object that breaks keeps its last good form over a restart, and is reported`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        try plane.write("kind: [never closed", to: "shop.yaml")
        _ = try await plane.status("a diagnostic") { !$0.diagnostics.isEmpty }
        await plane.stop()
        try await plane.start()
        let status = try await plane.status("a diagnostic after the restart") {
            !$0.diagnostics.isEmpty && $0.classGroups[0].published != "0.0"
        }
        #expect(status.diagnostics.first?.file == "shop.yaml")
        #expect(status.classGroups[0].published == "1.1")
        let late = LinkWorker("late")
        try late.connect(plane.socket)
        late.run { $0.version != .none }
        #expect(late.hosts == ["shop.test": ["/"]])
        await plane.stop()
    }

    @Test func `Two control planes never share a data directory`() async throws {
        let plane = try await makePlane()
        let error = await #expect(throws: ControllerStartError.self) { try await plane.startAnother() }
        #expect(error?.description.contains("another portico-control uses the data directory") == true)
        await plane.stop()
    }
}

/// The database cannot be opened when the control plane starts.
@Suite struct LateHistoryFeatureTests {
    private func makePlane() async throws -> TestPlane {
        try await TestPlane([
            "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
            "services.yaml": Manifests.backend("shop", port: 8001),
        ])
    }

    private func hide(_ plane: TestPlane) throws {
        let path = plane.folder("data/snapshots.sqlite")
        try FileManager.default.moveItem(atPath: path, toPath: plane.folder("hidden"))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    private func unhide(_ plane: TestPlane) throws {
        let path = plane.folder("data/snapshots.sqlite")
        try FileManager.default.moveItem(atPath: plane.folder("hidden"), toPath: plane.folder("found"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: plane.folder("found"), toPath: path)
    }

    @Test func `It serves and says so, and goes on above the history once that can be read`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        await plane.stop()
        worker.run { !$0.isConnected }
        try hide(plane)
        try plane.write("kind: [never closed", to: "broken.yaml")
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        try await plane.start()
        try worker.connect(plane.socket)
        worker.run { $0.hosts == ["shop.test": ["/new"]] }
        let status = await plane.status()
        #expect(status.diagnostics.contains { $0.reason.contains("the snapshot history cannot be stored") })
        let late = LinkWorker("late")
        try late.connect(plane.socket)
        late.run { $0.hosts == ["shop.test": ["/new"]] }

        try unhide(plane)
        _ = try await plane.status("a history on disk") { status in
            !status.diagnostics.contains { $0.reason.contains("history") }
        }
        let before = worker.version
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/last", service: "shop"), to: "shop.yaml")
        worker.run { $0.hosts == ["shop.test": ["/last"]] }
        #expect(worker.version > before)
        let stored = try await plane.plane.admin.snapshots().snapshots.map(\.version)
        #expect(stored.contains("1.1"))
        #expect(stored.contains(worker.version.description))
        await plane.stop()
    }

    @Test func `A rollback and the last good form of a broken object come back with the history`() async throws {
        let plane = try await makePlane()
        let worker = LinkWorker()
        try worker.connect(plane.socket)
        worker.run { $0.isComplete && $0.version != .none }
        try plane.write(Manifests.ingress("wiki", host: "wiki.test", service: "shop"), to: "wiki.yaml")
        worker.run { $0.hosts.count == 2 }
        try plane.write(Manifests.ingress("shop", host: "shop.test", path: "/new", service: "shop"), to: "shop.yaml")
        worker.run { $0.hosts["shop.test"] == ["/new"] }
        _ = try await plane.plane.admin.rollback(AdminRollback(version: "1.2", reason: "bad day"))
        worker.run { $0.hosts["shop.test"] == ["/"] }
        await plane.stop()
        try hide(plane)
        try plane.write("kind: [never closed", to: "wiki.yaml")
        try await plane.start()
        let late = LinkWorker("late")
        try late.connect(plane.socket)
        late.run { $0.hosts == ["shop.test": ["/new"]] }

        try unhide(plane)
        late.run { $0.hosts == ["shop.test": ["/"], "wiki.test": ["/"]] }
        let status = await plane.status()
        #expect(status.classGroups[0].pin?.reason == "bad day")
        _ = try await plane.plane.admin.resume(AdminResume())
        late.run { $0.hosts == ["shop.test": ["/new"], "wiki.test": ["/"]] }
        await plane.stop()
    }
}
