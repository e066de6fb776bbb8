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
