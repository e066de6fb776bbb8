import ClusterState
import KubernetesAPI
import KubernetesTestServer
import Leadership
import Logging
import PorticoModel
import Testing

@Suite struct ElectionTests {
    private let server: TestAPIServer
    private let lease = ObjectName(namespace: "default", name: "portico-leader")
    private let timing = LeaseTiming(
        leaseDuration: .seconds(4), renewDeadline: .seconds(3), retryPeriod: .milliseconds(50))

    init() throws { server = try TestAPIServer.make() }

    private func elector(_ identity: String, token: String = "admin") throws -> LeaderElector {
        let client = try KubernetesClient(FixedConnection(server.connection(token: token)))
        return LeaderElector(
            identity: identity, timing: timing,
            store: KubernetesLeaseStore(client: client, name: lease, timeoutSeconds: 2),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, changed: { _ in })
    }

    private var spec: ObjectNode? { server.objects(of: .leases).first?["spec"] }

    @Test func `a Lease carries the fields of client-go, and others' notes stay on it`() async throws {
        let client = try server.adminClient()
        _ = try await client.create(
            .leases, namespace: "default",
            [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": ["name": .text(lease.name), "namespace": "default", "labels": ["team": "edge"]],
                "spec": [
                    "holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 4,
                    "acquireTime": "2020-01-01T00:00:00.000000Z", "renewTime": "2020-01-01T00:00:00.000000Z",
                ],
            ])
        let elector = try elector("a")
        elector.start()
        await comesTrue("a leads") { elector.leadership.mayWrite }
        #expect(spec?["holderIdentity"]?.string == "a")
        #expect(spec?["leaseDurationSeconds"]?.int == 4)
        #expect(spec?["leaseTransitions"]?.int == 5)
        #expect(elector.leadership.epoch == 6)
        let time = try #require(spec?["acquireTime"]?.string)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil, "\(time)")
        #expect(server.objects(of: .leases).first?.at("metadata", "labels", "team")?.string == "edge")
        await elector.stop()
        #expect(spec?["holderIdentity"]?.string == "")
    }

    @Test func `the second takes over when the first gives the Lease back`() async throws {
        let (first, second) = (try elector("a"), try elector("b"))
        first.start()
        await comesTrue("a leads") { first.leadership.mayWrite }
        second.start()
        await comesTrue("b knows the leader") { second.leadership.state.holder == "a" }
        #expect(!second.leadership.mayWrite)
        await first.stop()
        #expect(!first.leadership.mayWrite)
        await comesTrue("b leads") { second.leadership.mayWrite }
        #expect(spec?["leaseTransitions"]?.int == 1)
        await second.stop()
    }

    @Test func `a leader whom the API server does not hear stops, and is not followed by itself`() async throws {
        let first = try elector("a")
        first.start()
        await comesTrue("a leads") { first.leadership.mayWrite }
        server.inject(Fault(.cut, verb: "update", resource: "leases", count: 1_000))
        server.inject(Fault(.cut, verb: "get", resource: "leases", count: 1_000))
        await comesTrue("a no longer leads") { !first.leadership.mayWrite }
        server.clearFaults()
        await comesTrue("a leads again, in the same term") { first.leadership.mayWrite }
        #expect(spec?["leaseTransitions"]?.int == 0)
        await first.stop()
    }

    @Test func `the leader raises the transitions where it must`() async throws {
        let first = try elector("a")
        first.start()
        await comesTrue("a leads") { first.leadership.mayWrite }
        first.require(transitions: 41)
        await comesTrue("the epoch is there") { first.leadership.epoch == 42 && spec?["leaseTransitions"]?.int == 41 }
        await first.stop()
    }

    @Test func `of many, one leads at a time`() async throws {
        let electors = try (0..<5).map { try elector("\($0)") }
        for elector in electors { elector.start() }
        for _ in 0..<4 {
            await comesTrue("one leads") { electors.contains { $0.leadership.mayWrite } }
            #expect(electors.count { $0.leadership.mayWrite } <= 1)
            await electors.first { $0.leadership.mayWrite }?.stop()
        }
        for elector in electors { await elector.stop() }
        #expect(spec?["leaseTransitions"]?.int ?? 0 >= 3)
    }
}
