import GRDB
import PorticoModel
import PorticoSnapshot

/// A version to be stored, with the content that it adds to the one stored before.
struct PendingSnapshot {
    var record: SnapshotRecord
    var tree: ManifestTree
    /// Finds the content of any section of the tree.
    var content: @Sendable (Digest) -> [UInt8]?
}

/// The statements that change the database. All of it runs on the store's queue.
struct StoreWriter {
    /// The manifest of the newest stored version, and its number: what the next version is compared with.
    private(set) var newestTree = ManifestTree()
    private(set) var newestID: Int64 = 0

    mutating func load(_ database: Database) throws {
        (newestTree, newestID) = (ManifestTree(), 0)
        guard let row = try Row.fetchOne(database, sql: "SELECT id, root FROM versions ORDER BY id DESC LIMIT 1") else {
            return
        }
        newestTree = try StoreReader.tree(root: row["root"], database)
        newestID = row["id"]
    }

    /// Stores a version in one transaction.
    mutating func save(_ snapshot: PendingSnapshot, _ queue: DatabaseQueue) throws {
        let (tree, id) = (newestTree, newestID)
        let stored = try queue.write { database in
            try StoreWriter.saveBlobs(of: snapshot, replacing: tree, number: id, database)
            return try StoreWriter.saveRecord(of: snapshot, database)
        }
        newestTree = snapshot.tree
        newestID = stored
    }

    private static func saveBlobs(
        of snapshot: PendingSnapshot, replacing old: ManifestTree, number: Int64, _ database: Database
    ) throws {
        let difference = snapshot.tree.difference(from: old)
        let retire = try database.cachedStatement(sql: "UPDATE blobs SET last_version = ? WHERE digest = ?")
        for name in difference.removed + difference.changed.map(\.name) {
            guard let digest = old.lookup(name) else { continue }
            try retire.execute(arguments: [number, digest.data])
        }
        for index in difference.changedGroups {
            guard let digest = old.groupDigest(index) else { continue }
            try retire.execute(arguments: [number, digest.data])
        }
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO blobs (digest, content, last_version) VALUES (?, ?, NULL)
                ON CONFLICT (digest) DO UPDATE SET last_version = NULL
                """)
        for section in difference.added + difference.changed {
            guard let content = snapshot.content(section.digest) else {
                throw SnapshotStoreError.damaged(
                    snapshot.record.version, reason: "the content of \(section.name.name) is gone")
            }
            try insert.execute(arguments: [section.digest.data, content.data])
        }
        for index in difference.changedGroups {
            guard let digest = snapshot.tree.groupDigest(index) else { continue }
            try insert.execute(arguments: [digest.data, snapshot.tree.groupBytes(index).data])
        }
    }

    private static func saveRecord(of snapshot: PendingSnapshot, _ database: Database) throws -> Int64 {
        let record = snapshot.record
        try database.cachedStatement(
            sql: """
                INSERT INTO versions (epoch, sequence, parent_epoch, parent_sequence, class_group, created_at, kind, cause,
                    rollback_epoch, rollback_sequence, reason, published_at, root_digest, root, section_count)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            record.version.epoch.signed, record.version.sequence.signed, record.parent?.epoch.signed,
            record.parent?.sequence.signed, record.classGroup, record.createdAt, record.kind.rawValue, record.cause,
            record.rollbackOf?.epoch.signed, record.rollbackOf?.sequence.signed, record.reason, record.publishedAt,
            snapshot.tree.rootDigest.data, snapshot.tree.rootBytes.data, snapshot.tree.count,
        ])
        return database.lastInsertedRowID
    }

    /// Forgets versions beyond the retention, and the blobs that no kept version names.
    func prune(_ retention: SnapshotRetention, now: Double, _ database: Database) throws {
        let oldest = retention.age.map { now - $0 } ?? -Double.greatestFiniteMagnitude
        let candidates = try Row.fetchAll(
            database,
            sql: """
                SELECT id, epoch, sequence FROM versions WHERE created_at < ? OR id IN
                    (SELECT id FROM versions ORDER BY id DESC LIMIT -1 OFFSET ?)
                """, arguments: [oldest, retention.count])
        let kept = try keptAlways(database)
        let doomed = candidates.filter { !kept.contains($0["id"]) }
        guard !doomed.isEmpty else { return }
        for row in doomed {
            let key: StatementArguments = [row["epoch"] as Int64, row["sequence"] as Int64]
            try database.execute(sql: "DELETE FROM versions WHERE epoch = ? AND sequence = ?", arguments: key)
            try database.execute(sql: "DELETE FROM acknowledgements WHERE epoch = ? AND sequence = ?", arguments: key)
        }
        try database.execute(
            sql: "DELETE FROM blobs WHERE last_version < (SELECT min(id) FROM versions)")
    }

    /// The newest version, the newest compiled one, and the running one of each class group, which may be a pinned rollback.
    private func keptAlways(_ database: Database) throws -> Set<Int64> {
        try Int64.fetchSet(
            database,
            sql: """
                SELECT max(id) FROM versions UNION SELECT max(id) FROM versions WHERE kind <> 'rollback'
                UNION SELECT max(id) FROM versions WHERE published_at IS NOT NULL GROUP BY class_group
                """)
    }
}

extension Digest {
    var data: DatabaseBlob { bytes.data }
}

extension UInt64 {
    /// SQLite's integers are signed; the order of versions is that of the unsigned ones, which nothing here relies on.
    var signed: Int64 { Int64(bitPattern: self) }
}
