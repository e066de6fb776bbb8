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

/// The statements that change the database. All of it runs on the store's queue. Each class group has a line of versions
/// of its own, with its own blobs.
struct StoreWriter {
    /// The newest stored version of a class group: what the next one is compared with.
    private struct Newest {
        var tree = ManifestTree()
        var id: Int64 = 0
    }

    private var newest: [String: Newest] = [:]

    /// The manifest of the newest stored version.
    func newestTree(of classGroup: String) -> ManifestTree { newest[classGroup]?.tree ?? ManifestTree() }

    mutating func load(_ database: Database) throws {
        newest = [:]
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT id, class_group, root FROM versions WHERE id IN (SELECT max(id) FROM versions GROUP BY class_group)
                """)
        for row in rows {
            let group: String = row["class_group"]
            newest[group] = Newest(tree: try StoreReader.tree(root: row["root"], of: group, database), id: row["id"])
        }
    }

    /// Stores a version in one transaction.
    mutating func save(_ snapshot: PendingSnapshot, _ queue: DatabaseQueue) throws {
        let group = snapshot.record.classGroup
        let before = newest[group] ?? Newest()
        let stored = try queue.write { database in
            try StoreWriter.saveBlobs(of: snapshot, replacing: before, database)
            return try StoreWriter.saveRecord(of: snapshot, database)
        }
        newest[group] = Newest(tree: snapshot.tree, id: stored)
    }

    private static func saveBlobs(of snapshot: PendingSnapshot, replacing old: Newest, _ database: Database) throws {
        let group = snapshot.record.classGroup
        let difference = snapshot.tree.difference(from: old.tree)
        let retire = try database.cachedStatement(
            sql: "UPDATE blobs SET last_version = ? WHERE class_group = ? AND digest = ?")
        for name in difference.removed + difference.changed.map(\.name) {
            guard let digest = old.tree.lookup(name) else { continue }
            try retire.execute(arguments: [old.id, group, digest.data])
        }
        for index in difference.changedGroups {
            guard let digest = old.tree.groupDigest(index) else { continue }
            try retire.execute(arguments: [old.id, group, digest.data])
        }
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO blobs (class_group, digest, content, last_version) VALUES (?, ?, ?, NULL)
                ON CONFLICT (class_group, digest) DO UPDATE SET last_version = NULL
                """)
        for section in difference.added + difference.changed {
            guard let content = snapshot.content(section.digest) else {
                throw SnapshotStoreError.damaged(
                    snapshot.record.version, reason: "the content of \(section.name.name) is gone")
            }
            try insert.execute(arguments: [group, section.digest.data, content.data])
        }
        for index in difference.changedGroups {
            guard let digest = snapshot.tree.groupDigest(index) else { continue }
            try insert.execute(arguments: [group, digest.data, snapshot.tree.groupBytes(index).data])
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

    /// Forgets a class group's versions beyond the retention, and the blobs that none of its kept versions names.
    func prune(_ classGroup: String, _ retention: SnapshotRetention, now: Double, _ database: Database) throws {
        let oldest = retention.age.map { now - $0 } ?? -Double.greatestFiniteMagnitude
        let candidates = try Row.fetchAll(
            database,
            sql: """
                SELECT id, epoch, sequence FROM versions WHERE class_group = ?1 AND (created_at < ?2 OR id IN
                    (SELECT id FROM versions WHERE class_group = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?3))
                """, arguments: [classGroup, oldest, retention.count])
        let kept = try keptAlways(classGroup, database)
        let doomed = candidates.filter { !kept.contains($0["id"]) }
        guard !doomed.isEmpty else { return }
        for row in doomed {
            let key: StatementArguments = [row["epoch"] as Int64, row["sequence"] as Int64]
            try database.execute(sql: "DELETE FROM versions WHERE epoch = ? AND sequence = ?", arguments: key)
            try database.execute(sql: "DELETE FROM acknowledgements WHERE epoch = ? AND sequence = ?", arguments: key)
        }
        try database.execute(
            sql: """
                DELETE FROM blobs WHERE class_group = ?1
                    AND last_version < (SELECT min(id) FROM versions WHERE class_group = ?1)
                """, arguments: [classGroup])
    }

    /// Keeps a worker's answer, if the version is stored.
    static func record(_ answer: Acknowledgement, of version: Version, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO acknowledgements (epoch, sequence, worker, at, error)
                SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM versions WHERE epoch = ?1 AND sequence = ?2)
                """,
            arguments: [version.epoch.signed, version.sequence.signed, answer.worker, answer.at, answer.error])
    }

    /// No later start uses a version at or below this one.
    static func reserve(_ version: Version, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO reservation (one, epoch, sequence) VALUES (1, ?, ?)",
            arguments: [version.epoch.signed, version.sequence.signed])
    }

    /// Keeps objects, and forgets those without a form.
    static func keep(_ objects: [ObjectReference: StoredObject?], _ database: Database) throws {
        let insert = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO objects (kind, namespace, name, file, text) VALUES (?, ?, ?, ?, ?)")
        let delete = try database.cachedStatement(
            sql: "DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?")
        for (reference, object) in objects {
            let key: StatementArguments = [reference.kind, reference.name.namespace, reference.name.name]
            if let object {
                try insert.execute(arguments: key + [object.file, object.text])
            } else {
                try delete.execute(arguments: key)
            }
        }
    }

    /// The newest version, the newest compiled one, and the running one, which may be a pinned rollback.
    private func keptAlways(_ classGroup: String, _ database: Database) throws -> Set<Int64> {
        try Int64.fetchSet(
            database,
            sql: """
                SELECT max(id) FROM versions WHERE class_group = ?1
                UNION SELECT max(id) FROM versions WHERE class_group = ?1 AND kind <> 'rollback'
                UNION SELECT max(id) FROM versions WHERE class_group = ?1 AND published_at IS NOT NULL
                """, arguments: [classGroup])
    }
}

extension Digest {
    var data: DatabaseBlob { bytes.data }
}

extension UInt64 {
    /// SQLite's integers are signed; the order of versions is that of the unsigned ones, which nothing here relies on.
    var signed: Int64 { Int64(bitPattern: self) }
}
