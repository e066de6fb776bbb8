import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import TestSupport
import Testing

/// Random changes and failures, and then a comparison with a control plane that starts afresh.
@Suite struct ClusterSoakTests {
    /// `make soak` sets it.
    private static var seconds: Double {
        ProcessInfo.processInfo.environment["PORTICO_SOAK_SECONDS"].flatMap { Double($0) } ?? 3
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["PORTICO_SOAK_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
    }

    @Test func `After random changes and failures the snapshot is that of a fresh start`() async throws {
        var random = SeededRandom(seed: Self.seed)
        let seed = random.seed
        let server = try TestAPIServer.make { $0.bookmarkSeconds = 0.2 }
        let plane = try await ClusterPlane(server)
        let worker = try await plane.worker()
        let end = ContinuousClock.now + .seconds(Self.seconds)
        var count = 0
        while ContinuousClock.now < end {
            try await change(server, plane, &random)
            count += 1
            worker.takeWhatIsThere()
        }
        server.clearFaults()
        try await plane.apply(Manifests.ingress("last", host: "last.test", service: "service-0"))
        await worker.follow { $0.hosts["last.test"] != nil }
        let fresh = try await ClusterPlane(server)
        let freshWorker = try await fresh.worker()
        let isSame = try await settles("the digests are the same after \(count) changes, seed \(seed)") {
            let digests = (try await plane.digest(), try await fresh.digest())
            worker.takeWhatIsThere()
            freshWorker.takeWhatIsThere()
            return digests.0 == digests.1 && digests.0 != nil && worker.hosts == freshWorker.hosts
                && worker.endpoints == freshWorker.endpoints
        }
        if !isSame {
            tellDifferences(worker.hosts, freshWorker.hosts)
            tellDifferences(worker.endpoints, freshWorker.endpoints)
        }
        await plane.stop()
        await fresh.stop()
    }

    private func tellDifferences<Value: Equatable>(_ old: [String: Value], _ fresh: [String: Value]) {
        for name in Set(old.keys).union(fresh.keys).sorted() where old[name] != fresh[name] {
            let (ours, theirs) = (String(describing: old[name]), String(describing: fresh[name]))
            Issue.record("\(name): \(ours), and after a fresh start \(theirs)")
        }
    }

    private func change(
        _ server: TestAPIServer, _ plane: ClusterPlane, _ random: inout SeededRandom
    ) async throws {
        let index = Int.random(in: 0..<12, using: &random)
        let service = "service-\(Int.random(in: 0..<6, using: &random))"
        switch Int.random(in: 0..<100, using: &random) {
        case 0: server.cutConnections()
        case 1: server.compact()
        case 2:
            server.compact()
            server.cutConnections()
        case 3: server.resetHistory(.above)
        case 4: server.inject(Fault(.breakOff, verb: "list"))
        case 5: server.inject(Fault(.errorEvent(.expired), verb: "watch"))
        case 6: server.inject(Fault(.cut, verb: "watch", count: 3))
        case 7..<40:
            let path = ["/", "/a", "/b"].randomElement(using: &random) ?? "/"
            let host = "host-\(Int.random(in: 0..<8, using: &random)).test"
            try await plane.persist {
                try await $0.apply(Manifests.ingress("ingress-\(index)", host: host, path: path, service: service))
            }
        case 40..<55:
            try await plane.persist {
                try await $0.delete(Manifests.ingress("ingress-\(index)", host: "x.test", service: service))
            }
        case 55..<90:
            let port = UInt16.random(in: 1_000..<1_020, using: &random)
            try await plane.persist { try await $0.apply(Manifests.backend(service, port: port)) }
        default: try await plane.persist { try await $0.delete(Manifests.backend(service, port: 1)) }
        }
    }
}

extension ClusterPlane {
    /// Does something whose objects may be there or not, and repeats it where a failure got in its way.
    fileprivate func persist(_ body: (ClusterPlane) async throws -> Void) async throws {
        for _ in 0..<20 {
            do { return try await body(self) } catch let error as APIError {
                if error.isNotFound { return }
            }
        }
    }
}

/// SplitMix64: the same seed gives the same changes.
struct SeededRandom: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
