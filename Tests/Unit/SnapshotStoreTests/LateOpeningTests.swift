import FoundationEssentials
import GRDB
import PorticoModel
import Synchronization
import Testing

@testable import SnapshotStore

/// A database that cannot be opened at the start is opened when that is possible.
@Suite struct LateOpeningTests {
    private let folder: TemporaryFolder
    private let samples = SampleSnapshots()
    private let histories = Histories()

    init() throws { folder = try TemporaryFolder() }

    /// Collects what the store tells.
    private final class Histories: Sendable {
        private let all = Mutex<[FormerHistory]>([])

        func add(_ history: FormerHistory) { all.withLock { $0.append(history) } }

        func first() async throws -> FormerHistory {
            let end = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < end {
                if let history = all.withLock({ $0.first }) { return history }
                try await Task.sleep(for: .milliseconds(2))
            }
            throw TimeoutError()
        }

        struct TimeoutError: Error {}
    }

    private func open() throws -> SnapshotStore {
        let store = try SnapshotStore(
            path: folder.database, retention: .init(), logger: .silent, maximumPages: nil,
            retries: RetryPause(first: .milliseconds(1), longest: .milliseconds(20)))
        store.whenOpened { [histories] in histories.add($0) }
        return store
    }

    @Test func `What was kept in memory is stored when the file can be opened`() async throws {
        try FileManager.default.createDirectory(atPath: folder.database, withIntermediateDirectories: false)
        let store = try open()
        #expect(store.health.currentError != nil)
        store.reserve(through: Version(epoch: 1, sequence: 100))
        samples.save(["a": "1", "b": "1"], as: 1, in: store)
        samples.save(["a": "2", "b": "1"], as: 2, in: store)
        store.record(Acknowledgement(worker: "n/w", at: 1), of: Version(epoch: 1, sequence: 2))
        let object = StoredObject(
            reference: ObjectReference(kind: "Ingress", name: ObjectName(namespace: "d", name: "a")), file: "a.yaml",
            text: "{}")
        store.save([object], removing: [])
        #expect(try store.words(of: 1) == ["a": "1", "b": "1"])

        try FileManager.default.removeItem(atPath: folder.database)
        let history = try await histories.first()
        #expect(history.floor == .none)
        samples.save(["a": "3", "b": "1"], as: 3, in: store)
        #expect(store.health.errors > 0)
        store.close()
        #expect(store.health.currentError == nil)

        let again = try open()
        #expect(again.health == .init())
        #expect(try again.sequences == [3, 2, 1])
        #expect(try again.words(of: 2) == ["a": "2", "b": "1"])
        #expect(try again.floor() == Version(epoch: 1, sequence: 100))
        #expect(try again.objects() == [object])
        #expect(try again.list()[1].acknowledgements.map(\.worker) == ["n/w"])
    }

    @Test func `A file that another program has locked is taken over with what it holds`() async throws {
        let former = try open()
        former.reserve(through: Version(epoch: 1, sequence: 50))
        samples.save(["a": "1"], as: 1, in: former)
        samples.save(["a": "0"], as: 2, kind: .rollback, in: former)
        former.close()
        let other = try lockedByAnother()

        let store = try open()
        #expect(store.health.currentError?.contains("locked") == true)
        #expect(try store.load(classGroup: "nginx").running == nil)
        samples.save(["a": "9"], as: 1, in: store)
        store.flush()
        try other.close()
        let history = try await histories.first()
        #expect(history.floor == Version(epoch: 1, sequence: 50))
        #expect(history.found["nginx"]?.running?.record.kind == .rollback)
        #expect(history.found["nginx"]?.compiled?.record.version == Version(epoch: 1, sequence: 1))
        // A version is never two configurations: the one that was stored first stays.
        #expect(try store.words(of: 1) == ["a": "1"])
    }

    /// A connection that lets nobody else read or write the file.
    private func lockedByAnother() throws -> DatabaseQueue {
        let other = try DatabaseQueue(path: folder.database)
        try other.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try database.execute(sql: "UPDATE versions SET reason = 'touched'")
        }
        return other
    }

    @Test func `What a full disk refused is stored when there is room, without another change`() async throws {
        let store = try SnapshotStore(
            path: folder.database, retention: .init(), logger: .silent, maximumPages: 40,
            retries: RetryPause(first: .milliseconds(1), longest: .milliseconds(20)))
        samples.save(["a": String(repeating: "x", count: 400_000)], as: 1, in: store)
        store.reserve(through: Version(epoch: 1, sequence: 7))
        store.flush()
        #expect(store.health.currentError != nil)
        store.queue.sync {
            store.state.withLock { state in
                _ = try? state.opened.database.write { try $0.execute(sql: "PRAGMA max_page_count = 10000") }
            }
        }
        let end = ContinuousClock.now + .seconds(10)
        while store.health.currentError != nil, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(store.health.currentError == nil)
        #expect(try store.sequences == [1])
        #expect(try store.floor() == Version(epoch: 1, sequence: 7))
    }
}
