import ControllerCore
import KubernetesTestServer
import Leadership
import PorticoModel
import PorticoSnapshot
import SnapshotStore
import TestSupport
import Testing

/// Rollbacks where a replica's history is not that of the one that was asked.
@Suite struct SharedRollbackTests {
    private static let shop = Manifests.ingress("shop", host: "shop.test", service: "shop")
    private static let wrong = Manifests.ingress("wrong", host: "wrong.test", service: "shop")

    private func replica(_ name: String, _ server: TestAPIServer) async throws -> ClusterPlane {
        let plane = try await ClusterPlane(
            server, startsWith: [Self.shop, Manifests.backend("shop", port: 8001)]
        ) { configuration, _ in
            var duties = DutiesConfiguration()
            duties.election = .init(
                lease: ObjectName(namespace: "default", name: "leader"),
                timing: LeaseTiming(
                    leaseDuration: .seconds(4), renewDeadline: .seconds(3), retryPeriod: .milliseconds(20)),
                identity: name)
            configuration.duties = duties
        }
        await plane.awaitReady()
        return plane
    }

    @Test func `A replica that does not know what is rolled back to says so, and follows the next`() async throws {
        let server = try TestAPIServer.make()
        let old = try await replica("old", server)
        let first = try #require(await old.status().classGroups.first?.published)
        try await old.apply(Self.wrong)
        await settles("the change is published") { await old.status().classGroups.first?.published != first }
        let young = try await replica("young", server)
        let ofYoung = try #require(await young.status().classGroups.first?.published)

        _ = try await old.plane.admin.rollback(AdminRollback(version: first, reason: "it was wrong"))
        await settles("the young one says that it cannot follow") {
            await young.status().diagnostics.contains { $0.reason.contains("rolled back at another replica") }
        }

        _ = try await old.plane.admin.resume(AdminResume())
        await settles("the fault is gone") { await young.status().diagnostics.isEmpty }
        _ = try await young.plane.admin.rollback(AdminRollback(version: ofYoung, reason: "to be sure"))
        await settles("the old one follows") {
            await old.status().classGroups.first?.pin?.reason.hasPrefix("to be sure") == true
        }
        await old.stop()
        let restarted = try await replica("old", server)
        await settles("one that starts afresh follows") { await restarted.status().classGroups.first?.pin != nil }
        await restarted.stop()
        await young.stop()
    }

    @Test func `What was compiled by the same time is pinned where the same bytes are not there`() {
        func version(_ sequence: UInt64, at time: Double, _ kind: SnapshotRecord.Kind = .compiled) -> StoredSnapshot {
            StoredSnapshot(
                record: SnapshotRecord(
                    version: Version(epoch: 1, sequence: sequence), parent: nil, classGroup: "nginx", createdAt: time,
                    kind: kind, cause: "", publishedAt: time),
                rootDigest: Digest.sha256(of: [UInt8(sequence)]), sectionCount: 1, acknowledgements: [])
        }
        let history = [version(4, at: 40), version(3, at: 30, .rollback), version(2, at: 20), version(1, at: 10)]
        func choice(_ digest: String, _ milliseconds: Int) -> UInt64? {
            let pin = PinWord.Pin(digest: digest, compiledAt: milliseconds, reason: "")
            return PinTarget.choose(pin, among: history)?.record.version.sequence
        }
        #expect(choice(history[3].rootDigest.description, 99_000) == 1, "the same bytes, whenever")
        #expect(choice("unknown", 35_000) == 2, "rollbacks are none of its own")
        #expect(choice("unknown", 19_800) == 2, "clocks differ by a little")
        #expect(choice("unknown", 9_000) == nil)
    }
}
