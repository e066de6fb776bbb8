import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import ProcessSupervision
import TestSupport
import Testing

/// Two replicas as real processes, while their leader dies, stands still and comes back.
@Suite(.serialized) struct ReplicaTests {
    private let server: TestAPIServer
    private let client: KubernetesClient
    private let backends: [ScriptedBackend]
    private let replicas: [Replica]

    init() async throws {
        let server = try TestAPIServer.make { options in
            options.usesTLS = false
            options.refusesLoopbackEndpoints = false
            for name in ["replica-0", "replica-1"] {
                options.users[name] = APIUser(name, groups: ["system:masters"])
            }
        }
        self.server = server
        client = try server.adminClient()
        backends = try (0..<2).map { try ScriptedBackend(named: "backend-\($0)") }
        try await client.apply(ClusterObjects.ingressClass)
        for object in ClusterObjects.shop("shop", at: [backends[0].address]) { try await client.apply(object) }
        replicas = try ["replica-0", "replica-1"].map { name in
            try Replica(
                name, token: name, server: server, servesRequests: true,
                arguments: ["--ingress-class=portico", "--publish-status-address=203.0.113.1"])
        }
        await comesTrue("both serve") { [replicas] in
            replicas.allSatisfy { $0.answer("shop.test") == "backend-0" }
        }
        await comesTrue("one leads") { self.leader != nil }
    }

    private var record: ObjectNode? {
        server.objects(of: .leases).first { $0.at("metadata", "name")?.string == "ingress-nginx-leader" }?["spec"]
    }

    private var leader: Replica? {
        replicas.first { $0.name == record?["holderIdentity"]?.string }
    }

    private func statusWriters(of ingress: String) -> [String] {
        server.requests.filter { $0.verb == "patch" && $0.resource == "ingresses" && $0.name == ingress }.map(\.user)
    }

    private func follower(of leader: Replica) -> Replica { replicas.first { $0.name != leader.name }! }

    /// Moves the shop's endpoints to and fro until it is cancelled.
    private func churn() -> Task<Int, any Error> {
        Task { [client, backends] in
            var changes = 0
            while !Task.isCancelled {
                do {
                    try await client.apply(ClusterObjects.slice("shop", at: [backends[changes % 2].address]))
                } catch  where Task.isCancelled { break }
                changes += 1
                try? await Task.sleep(for: .milliseconds(10))
            }
            return changes
        }
    }

    /// Everything that was changed has come to both data planes.
    private func expectConvergence(_ host: String) async throws {
        for index in [0, 1, 0] {
            try await client.apply(ClusterObjects.slice("shop", at: [backends[index].address]))
            await comesTrue("both follow the endpoints") {
                replicas.allSatisfy { $0.answer("shop.test") == "backend-\(index)" }
            }
        }
        try await client.apply(ClusterObjects.ingress(host, host: "\(host).test", service: "shop"))
        await comesTrue("both serve the new host") { replicas.allSatisfy { $0.answer("\(host).test") != nil } }
    }

    @Test func `a leader that is killed is succeeded, and no request and no change is lost`() async throws {
        let loads = replicas.map { LoadGenerator(connections: 2, to: $0.http, host: "shop.test") }
        let churn = churn()
        let dead = try #require(leader)
        let next = follower(of: dead)
        dead.send(SIGKILL)
        await comesTrue("the follower leads") { record?["holderIdentity"]?.string == next.name }
        #expect(record?["leaseTransitions"]?.int == 1)
        try dead.restart()
        await comesTrue("the restarted one has its data plane back") { dead.output.contains("connected, running") }
        churn.cancel()
        #expect(try await churn.value > 0)
        try await expectConvergence("after-kill")
        await comesTrue("the successor writes the status") { statusWriters(of: "after-kill") == [next.name] }
        for load in loads {
            let tally = load.stop()
            #expect(tally.failed == 0, "\(tally)")
            #expect(tally.succeeded > 0)
        }
    }

    @Test func `a leader that stood still writes nothing after it was deposed, and its workers serve on`() async throws
    {
        let loads = replicas.map { LoadGenerator(connections: 2, to: $0.http, host: "shop.test") }
        let churn = churn()
        let frozen = try #require(leader)
        let next = follower(of: frozen)
        frozen.send(SIGSTOP)
        await comesTrue("the follower leads") { record?["holderIdentity"]?.string == next.name }
        try await client.apply(ClusterObjects.ingress("meanwhile", host: "meanwhile.test", service: "shop"))
        await comesTrue("the successor writes the status") { statusWriters(of: "meanwhile") == [next.name] }
        let term = try #require(record?["leaseTransitions"]?.int)
        frozen.send(SIGCONT)
        churn.cancel()
        _ = try await churn.value
        try await expectConvergence("after-stop")
        await comesTrue("the new Ingress has its status") { !statusWriters(of: "after-stop").isEmpty }
        #expect(statusWriters(of: "meanwhile") == [next.name])
        #expect(statusWriters(of: "after-stop") == [next.name])
        #expect(record?["holderIdentity"]?.string == next.name)
        #expect(record?["leaseTransitions"]?.int == term)
        for load in loads {
            let tally = load.stop()
            #expect(tally.failed == 0, "\(tally)")
        }
    }

    private static var soakSeconds: Double {
        ProcessInfo.processInfo.environment["PORTICO_SOAK_SECONDS"].flatMap(Double.init) ?? 0
    }

    @Test(.enabled(if: soakSeconds > 0))
    func `replicas that die and stand still at random lose no request, no change and no status`() async throws {
        let loads = replicas.map { LoadGenerator(connections: 2, to: $0.http, host: "shop.test") }
        let churn = churn()
        let end = ContinuousClock.now + .seconds(ReplicaTests.soakSeconds)
        var names: [String] = []
        var terms: [Int] = []
        while ContinuousClock.now < end {
            let name = "soak-\(names.count)"
            names.append(name)
            await comesTrue("\(name) is made") {
                (try? await client.apply(ClusterObjects.ingress(name, host: "\(name).test", service: "shop"))) != nil
            }
            try await misfortune(Int.random(in: 0..<4), of: replicas[Int.random(in: 0..<2)])
            terms.append(record?["leaseTransitions"]?.int ?? 0)
        }
        churn.cancel()
        _ = try await churn.value
        #expect(terms == terms.sorted(), "a term never returns")
        for name in names {
            await comesTrue("\(name) is served by both, and its status is written") {
                replicas.allSatisfy { $0.answer("\(name).test") != nil } && !statusWriters(of: name).isEmpty
            }
        }
        try await expectConvergence("after-soak")
        for load in loads {
            let tally = load.stop()
            #expect(tally.failed == 0, "\(tally)")
        }
    }

    /// One of the things that happen to replicas.
    private func misfortune(_ kind: Int, of replica: Replica) async throws {
        switch kind {
        case 0:
            replica.send(SIGKILL)
            try replica.restart()
        case 1:
            replica.send(SIGSTOP)
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...6_000)))
            replica.send(SIGCONT)
        case 2: server.cutConnections()
        default: try await Task.sleep(for: .milliseconds(500))
        }
    }

    @Test func `a rollback at one replica holds for both, over a takeover, until one resumes`() async throws {
        try await client.apply(ClusterObjects.ingress("wrong", host: "wrong.test", service: "shop"))
        await comesTrue("both serve it") { replicas.allSatisfy { $0.answer("wrong.test") != nil } }
        let list = try JSONReader.read(Array(replicas[0].portico("snapshots", "list", "--output", "json").utf8))
        let versions = (list["snapshots"]?.list ?? []).compactMap { $0["version"]?.string }
        _ = try replicas[0].portico("rollback", try #require(versions.dropFirst().first), "--reason", "it was wrong")
        await comesTrue("neither serves it\n\(replicas[1].output)") {
            replicas.allSatisfy { $0.answer("wrong.test") == nil && $0.answer("shop.test") != nil }
        }
        #expect(try replicas[1].portico("status").contains("it was wrong"))

        let dead = try #require(leader)
        dead.send(SIGKILL)
        await comesTrue("the follower leads") { record?["holderIdentity"]?.string == follower(of: dead).name }
        try dead.restart()
        try await client.apply(ClusterObjects.ingress("later", host: "later.test", service: "shop"))
        try await client.apply(ClusterObjects.slice("shop", at: [backends[1].address]))
        await comesTrue("endpoints flow") { replicas.allSatisfy { $0.answer("shop.test") == "backend-1" } }
        #expect(replicas.allSatisfy { $0.answer("wrong.test") == nil && $0.answer("later.test") == nil })

        _ = try replicas[1].portico("resume")
        await comesTrue("both serve what came since\n\(replicas[0].output)") {
            replicas.allSatisfy { $0.answer("wrong.test") != nil && $0.answer("later.test") != nil }
        }
    }

    @Test func `a leader that ends gives the Lease away at once`() async throws {
        let first = try #require(leader)
        let next = follower(of: first)
        await first.stop()
        #expect(record?["holderIdentity"]?.string != first.name)
        await comesTrue("the other leads") { record?["holderIdentity"]?.string == next.name }
    }
}
