import Logging
import PorticoModel
import PorticoSnapshot
import Testing

@testable import SnapshotStore

@Suite struct SnapshotStoreTests {
    private let folder: TemporaryFolder
    private let samples = SampleSnapshots()

    init() throws { folder = try TemporaryFolder() }

    private func open(_ retention: SnapshotRetention = .init(), maximumPages: Int? = nil) throws -> SnapshotStore {
        try SnapshotStore(
            path: folder.database, retention: retention, logger: .silent, maximumPages: maximumPages)
    }

    @Test func `A version reads back after the store is opened again`() throws {
        let first = try open()
        samples.save(["a": "1", "b": "1"], as: 1, in: first)
        samples.save(["a": "1", "b": "2"], as: 2, in: first)
        first.close()
        let second = try open()
        #expect(try second.words(of: 1) == ["a": "1", "b": "1"])
        #expect(try second.words(of: 2) == ["a": "1", "b": "2"])
        let found = try second.load(classGroup: "nginx")
        #expect(found.running?.record.version == Version(epoch: 1, sequence: 2))
        #expect(found.running?.tree == samples.tree(["a": "1", "b": "2"]))
        #expect(second.health == .init())
    }

    @Test func `What was written and not closed is there after a crash`() throws {
        let first = try open()
        samples.save(["a": "1"], as: 1, in: first)
        first.flush()
        // The second store opens the same files while the first one still holds them, as after a kill.
        let second = try open()
        #expect(try second.words(of: 1) == ["a": "1"])
    }

    @Test func `An unknown version is refused`() throws {
        let store = try open()
        #expect(throws: SnapshotStoreError.unknownVersion(Version(epoch: 1, sequence: 9))) {
            try store.words(of: 9)
        }
    }

    @Test func `A held back version is not what runs`() throws {
        let store = try open()
        samples.save(["a": "1"], as: 1, in: store)
        samples.save(["a": "1"], as: 2, kind: .rollback, in: store)
        samples.save(["a": "2"], as: 3, isPublished: false, in: store)
        let found = try store.load(classGroup: "nginx")
        #expect(found.running?.record.kind == .rollback)
        #expect(found.compiled?.record.version == Version(epoch: 1, sequence: 3))
        store.markPublished(Version(epoch: 1, sequence: 3), at: 5)
        #expect(try store.load(classGroup: "nginx").running?.record.version == Version(epoch: 1, sequence: 3))
    }

    // MARK: Retention

    @Test func `Old versions go by count, with the content that only they had`() throws {
        let store = try open(SnapshotRetention(count: 3))
        for number in 1...10 { samples.save(["a": "\(number)", "b": "x"], as: UInt64(number), in: store) }
        #expect(try store.sequences == [10, 9, 8])
        for number in 8...10 { #expect(try store.words(of: UInt64(number)) == ["a": "\(number)", "b": "x"]) }
        store.close()
        // Three contents of a, one of b, three groups of a, one of b.
        #expect(try blobCount() == 8)
    }

    @Test func `Old versions go by age`() throws {
        let store = try open(SnapshotRetention(count: 100, age: 60))
        let now = SnapshotStore.now()
        samples.save(["a": "1"], as: 1, at: now - 100, in: store)
        samples.save(["a": "2"], as: 2, at: now - 10, in: store)
        samples.save(["a": "3"], as: 3, at: now, in: store)
        #expect(try store.sequences == [3, 2])
    }

    @Test func `A pinned version and its content outlive every newer one`() throws {
        let store = try open(SnapshotRetention(count: 2))
        samples.save(["a": "1"], as: 1, in: store)
        samples.save(["a": "2"], as: 2, in: store)
        samples.save(["a": "1"], as: 3, kind: .rollback, in: store)
        for number in 4...12 {
            samples.save(["a": "\(number)"], as: UInt64(number), isPublished: false, in: store)
        }
        #expect(try store.sequences == [12, 11, 3])
        #expect(try store.words(of: 3) == ["a": "1"])
    }

    @Test func `Content that comes back is kept as long as it is used`() throws {
        let store = try open(SnapshotRetention(count: 2))
        for (index, word) in ["x", "y", "x", "y", "x"].enumerated() {
            samples.save(["a": word], as: UInt64(index + 1), in: store)
        }
        #expect(try store.words(of: 4) == ["a": "y"])
        #expect(try store.words(of: 5) == ["a": "x"])
    }

    // MARK: Class groups

    @Test func `Class groups keep their own versions, and equal content of one outlives the other's`() throws {
        let store = try open(SnapshotRetention(count: 2))
        samples.save(["a": "x"], as: 1, of: "internal", in: store)
        for number in 2...9 { samples.save(["a": "x", "b": "\(number)"], as: UInt64(number), in: store) }
        samples.save(["b": "10"], as: 10, in: store)
        samples.save(["b": "11"], as: 11, in: store)
        #expect(try store.sequences == [11, 10, 1])
        #expect(try store.words(of: 1, in: "internal") == ["a": "x"])
        #expect(throws: SnapshotStoreError.otherClassGroup(Version(epoch: 1, sequence: 1), "internal")) {
            try store.words(of: 1)
        }
        let found = try store.load(classGroup: "internal")
        #expect(found.running?.record.version == Version(epoch: 1, sequence: 1))
        #expect(try store.floor() == Version(epoch: 1, sequence: 11))
        store.close()
        // Of each group: its sections and their groups.
        #expect(try blobCount() == 2 + 4)
        #expect(try open().load(classGroup: "internal").running?.tree == samples.tree(["a": "x"]))
    }

    @Test func `A database of the first schema is taken over`() throws {
        let first = try open()
        samples.save(["a": "1"], as: 1, in: first)
        samples.save(["a": "2"], as: 2, in: first)
        first.close()
        let database = try StoreSchema.open(folder.database)
        try database.write { database in
            try database.execute(
                sql: """
                    DROP INDEX blobs_of_the_past;
                    ALTER TABLE blobs RENAME TO new;
                    CREATE TABLE blobs (digest BLOB NOT NULL PRIMARY KEY, content BLOB NOT NULL, last_version INTEGER);
                    CREATE INDEX blobs_of_the_past ON blobs (last_version) WHERE last_version IS NOT NULL;
                    INSERT INTO blobs SELECT digest, content, last_version FROM new;
                    DROP TABLE new;
                    PRAGMA user_version = 1;
                    """)
        }
        try database.close()
        let second = try open()
        #expect(second.health == .init())
        #expect(try second.words(of: 1) == ["a": "1"])
        samples.save(["a": "3"], as: 3, in: second)
        #expect(try second.words(of: 2) == ["a": "2"])
        #expect(try second.words(of: 3) == ["a": "3"])
    }

    // MARK: Versions that may not be used again

    @Test func `The floor is the end of the reservation after a crash, and the last version after a regular end`()
        throws
    {
        let store = try open()
        store.reserve(through: Version(epoch: 1, sequence: 1_000), waits: true)
        samples.save(["a": "1"], as: 1, in: store)
        #expect(try store.floor() == Version(epoch: 1, sequence: 1_000))
        store.reserve(through: Version(epoch: 1, sequence: 1))
        #expect(try store.floor() == Version(epoch: 1, sequence: 1))
    }

    // MARK: Answers and objects

    @Test func `A worker's later answer takes the place of its earlier one`() throws {
        let store = try open()
        let version = Version(epoch: 1, sequence: 1)
        samples.save(["a": "1"], as: 1, in: store)
        store.record(Acknowledgement(worker: "n/worker-0", at: 1, error: "no"), of: version)
        store.record(Acknowledgement(worker: "n/worker-0", at: 2), of: version)
        store.record(Acknowledgement(worker: "n/worker-1", at: 3, error: "bad"), of: version)
        store.record(Acknowledgement(worker: "n/worker-1", at: 3), of: Version(epoch: 1, sequence: 7))
        let answers = try store.list().first?.acknowledgements
        #expect(
            answers == [
                Acknowledgement(worker: "n/worker-0", at: 2),
                Acknowledgement(worker: "n/worker-1", at: 3, error: "bad"),
            ])
    }

    @Test func `Objects are kept over a restart, and Secrets are not`() throws {
        let ingress = StoredObject(
            reference: ObjectReference(kind: "Ingress", name: ObjectName(namespace: "d", name: "a")), file: "a.yaml",
            text: "{}")
        var gone = ingress
        gone.reference.name.name = "b"
        var secret = ingress
        secret.reference.kind = "Secret"
        let store = try open()
        store.save([ingress, gone, secret], removing: [])
        store.save([], removing: [gone.reference])
        store.close()
        #expect(try open().objects() == [ingress])
    }

    private func blobCount() throws -> Int? {
        let database = try StoreSchema.open(folder.database)
        return try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM blobs") }
    }
}
