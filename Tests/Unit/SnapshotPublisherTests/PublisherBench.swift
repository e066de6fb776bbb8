import FoundationEssentials
import Logging
import PorticoModel
import PorticoSnapshot
import SnapshotStore

@testable import SnapshotPublisher

/// A publisher over a store in a folder of its own, which can be restarted.
final class PublisherBench {
    private let folder: String
    private struct Parts {
        var store: SnapshotStore
        var versions: VersionAllocator
        var publisher: SnapshotPublisher
    }

    private var parts: Parts
    var store: SnapshotStore { parts.store }
    var publisher: SnapshotPublisher { parts.publisher }
    /// The hosts as they were last compiled, each with the path of its route.
    private var hosts: [String: String] = [:]

    private let followsElection: Bool

    init(followsElection: Bool = false) throws {
        self.followsElection = followsElection
        folder = FileManager.default.temporaryDirectory.path + "/portico-publisher-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        parts = try PublisherBench.open(folder, followsElection)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func open(_ folder: String, _ followsElection: Bool) throws -> Parts {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = try SnapshotStore(path: folder + "/snapshots.sqlite", logger: logger)
        let versions = VersionAllocator(store: store, followsElection: followsElection)
        let publisher = SnapshotPublisher(store: store, versions: versions, classGroup: "nginx", logger: logger) {
            1_000
        }
        return Parts(store: store, versions: versions, publisher: publisher)
    }

    func adopt(epoch: UInt64) { parts.versions.adopt(epoch: epoch) }

    /// Opens everything again; what was compiled has to be compiled again.
    func restart(afterCrash: Bool) throws {
        if afterCrash {
            store.flush()
        } else {
            parts.versions.finish()
            store.close()
        }
        parts = try PublisherBench.open(folder, followsElection)
    }

    func loseStore() throws {
        store.close()
        try FileManager.default.removeItem(atPath: folder + "/snapshots.sqlite")
        parts = try PublisherBench.open(folder, followsElection)
    }

    /// Compiles these hosts in place of all others.
    @discardableResult
    func compile(_ wanted: [String: String]) -> PublishedVersion? {
        let removed = hosts.keys.filter { wanted[$0] == nil }.map { SectionName(kind: .virtualHost, name: $0) }
        hosts = wanted
        return publisher.apply(changed: wanted.map(PublisherBench.section), removed: removed, causes: [])
    }

    static func section(_ host: String, _ path: String) -> Section {
        .virtualHost(
            VirtualHost(
                host: host,
                routes: [
                    Route(
                        match: .exact, path: path, ingress: ObjectName(namespace: "d", name: "i"), upstream: "d-s-80")
                ]))
    }
}

extension PublishedVersion {
    /// The path of each host's route, read from the content that a worker would be sent.
    var hosts: [String: String] {
        var found: [String: String] = [:]
        for section in tree.sections {
            guard let bytes = contents.content(of: section.digest), let decoded = try? SectionCodec.decode(bytes),
                case .virtualHost(let host) = decoded
            else { continue }
            found[host.host] = host.routes.first?.path
        }
        return found
    }

    var number: String { version.description }
}
