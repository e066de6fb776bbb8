import FoundationEssentials
import GRDB
import Logging
import PorticoModel
import Testing

@testable import SnapshotStore

@Suite struct DamagedStoreTests {
    private let folder: TemporaryFolder
    private let samples = SampleSnapshots()

    init() throws { folder = try TemporaryFolder() }

    private func open(maximumPages: Int? = nil) throws -> SnapshotStore {
        try SnapshotStore(path: folder.database, retention: .init(), logger: .silent, maximumPages: maximumPages)
    }

    private var setAside: [String] {
        folder.names.filter { $0.contains(".unusable-") && $0.hasPrefix("snapshots.sqlite.") }
    }

    @Test(arguments: ["text", "foreign", "newer", "cut", "overwritten"])
    func `A file that cannot be used is set aside and a new one begins`(fault: String) throws {
        try spoil(fault)
        let store = try open()
        #expect(!setAside.isEmpty)
        #expect(store.health.errors == 1)
        #expect(store.health.currentError == nil)
        samples.save(["a": "1"], as: 1, in: store)
        store.close()
        #expect(try open().words(of: 1) == ["a": "1"])
    }

    private func spoil(_ fault: String) throws {
        switch fault {
        case "text": try Data("no database, but long enough to be read as one".utf8).write(to: url)
        case "foreign":
            let other = try DatabaseQueue(path: folder.database)
            try other.write { try $0.execute(sql: "CREATE TABLE recipes (name TEXT)") }
            try other.close()
        case "newer":
            let ours = try StoreSchema.open(folder.database)
            try ours.write { try $0.execute(sql: "PRAGMA user_version = 99") }
            try ours.close()
        default:
            let store = try open()
            for number in 1...50 { samples.save(["a": "\(number)"], as: UInt64(number), in: store) }
            store.close()
            var bytes = try Data(contentsOf: url)
            if fault == "cut" {
                bytes = bytes.prefix(bytes.count / 2)
            } else {
                for index in 5_000..<min(30_000, bytes.count) { bytes[index] = 0xa5 }
            }
            try bytes.write(to: url)
        }
    }

    private var url: URL { URL(fileURLWithPath: folder.database) }

    @Test func `A newer database is kept whole`() throws {
        try spoil("newer")
        let before = try Data(contentsOf: url)
        _ = try open()
        let name = try #require(setAside.first)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)")) == before)
    }

    @Test func `A version that does not fit on the disk waits, and is stored when there is room`() throws {
        let store = try open(maximumPages: 40)
        samples.save(["a": "1"], as: 1, in: store)
        let large = String(repeating: "x", count: 400_000)
        samples.save(["a": large], as: 2, in: store)
        samples.save(["a": "3"], as: 3, in: store)
        #expect(try store.sequences == [1])
        #expect(store.health.errors > 0)
        #expect(store.health.currentError != nil)
        store.change { try $0.execute(sql: "PRAGMA max_page_count = 10000") }
        samples.save(["a": "4"], as: 4, in: store)
        #expect(try store.sequences == [4, 3, 2, 1])
        #expect(try store.words(of: 2) == ["a": large])
        #expect(store.health.currentError == nil)
    }

    @Test func `Without a usable place the history is kept in memory`() throws {
        let store = try SnapshotStore(path: "/proc/nowhere/snapshots.sqlite", logger: .silent)
        #expect(store.health.currentError != nil)
        samples.save(["a": "1"], as: 1, in: store)
        #expect(try store.words(of: 1) == ["a": "1"])
        #expect(store.health.currentError != nil)
    }

    @Test func `A file that is damaged in use is set aside, and the next version is stored whole`() throws {
        let store = try open()
        samples.save(["a": "1", "b": "1"], as: 1, in: store)
        store.flush()
        store.change { database in
            try database.execute(sql: "PRAGMA writable_schema = ON")
            try database.execute(sql: "UPDATE sqlite_master SET rootpage = 1 WHERE name = 'blobs'")
            try database.execute(sql: "PRAGMA writable_schema = RESET")
        }
        samples.save(["a": "2", "b": "1"], as: 2, in: store)
        store.flush()
        samples.save(["a": "3", "b": "1"], as: 3, in: store)
        #expect(try store.words(of: 2) == ["a": "2", "b": "1"])
        #expect(try store.words(of: 3) == ["a": "3", "b": "1"])
        #expect(!setAside.isEmpty)
        #expect(store.health.currentError == nil)
    }

    @Test func `A version that is stored already does not hold up the next`() throws {
        let store = try open()
        samples.save(["a": "1"], as: 1, in: store)
        samples.save(["a": "2"], as: 1, in: store)
        samples.save(["a": "3"], as: 2, in: store)
        #expect(try store.words(of: 2) == ["a": "3"])
    }

    @Test func `Altered content is found out before it is published`() throws {
        let store = try open()
        samples.save(["a": "1"], as: 1, in: store)
        store.close()
        let database = try DatabaseQueue(path: folder.database)
        try database.write {
            try $0.execute(sql: "UPDATE blobs SET content = 'a=2' WHERE content = CAST('a=1' AS BLOB)")
        }
        try database.close()
        let again = try open()
        #expect(throws: SnapshotStoreError.self) { try again.words(of: 1) }
    }
}
