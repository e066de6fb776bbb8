import FoundationEssentials
import GRDB
import PorticoModel
import PorticoSnapshot

typealias DatabaseBlob = Data

extension [UInt8] {
    var data: DatabaseBlob { Data(self) }
}

/// The statements that read the database.
enum StoreReader {
    /// Everything that names the version: `VERSION` in the list of columns of each query.
    static let columns = """
        id, epoch, sequence, parent_epoch, parent_sequence, class_group, created_at, kind, cause, rollback_epoch,
        rollback_sequence, reason, published_at, root_digest, section_count
        """

    static func record(_ row: Row) -> SnapshotRecord {
        SnapshotRecord(
            version: version(row, "epoch", "sequence") ?? .none,
            parent: version(row, "parent_epoch", "parent_sequence"), classGroup: row["class_group"],
            createdAt: row["created_at"], kind: SnapshotRecord.Kind(rawValue: row["kind"]) ?? .compiled,
            cause: row["cause"], rollbackOf: version(row, "rollback_epoch", "rollback_sequence"),
            reason: row["reason"], publishedAt: row["published_at"])
    }

    static func version(_ row: Row, _ epoch: String, _ sequence: String) -> Version? {
        guard let epoch = row[epoch] as Int64?, let sequence = row[sequence] as Int64? else { return nil }
        return Version(epoch: UInt64(bitPattern: epoch), sequence: UInt64(bitPattern: sequence))
    }

    static func list(_ database: Database) throws -> [StoredSnapshot] {
        var answers: [Version: [Acknowledgement]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT * FROM acknowledgements ORDER BY worker") {
            guard let version = version(row, "epoch", "sequence") else { continue }
            answers[version, default: []].append(
                Acknowledgement(worker: row["worker"], at: row["at"], error: row["error"]))
        }
        return try Row.fetchAll(database, sql: "SELECT \(columns) FROM versions ORDER BY id DESC").compactMap { row in
            let record = record(row)
            guard let digest = Digest(bytes: row["root_digest"] as Data) else { return nil }
            return StoredSnapshot(
                record: record, rootDigest: digest, sectionCount: row["section_count"],
                acknowledgements: answers[record.version] ?? [])
        }
    }

    /// - Parameters:
    ///   - condition: SQL that chooses the version, the newest of those that it fits.
    ///   - known: a tree that is returned rather than read again, if it is the one.
    static func snapshot(
        where condition: String, _ arguments: StatementArguments, known: ManifestTree = ManifestTree(),
        _ database: Database
    ) throws -> (record: SnapshotRecord, tree: ManifestTree)? {
        let sql = "SELECT \(columns), root FROM versions WHERE \(condition) ORDER BY id DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: arguments) else { return nil }
        let isKnown = known.rootDigest.data == row["root_digest"]
        return (record(row), isKnown ? known : try tree(root: row["root"], of: row["class_group"], database))
    }

    // MARK: What a start finds

    static func found(
        of classGroup: String, _ writer: StoreWriter, _ database: Database
    ) throws -> SnapshotStore.Found {
        var found = SnapshotStore.Found()
        let newest = writer.newestTree(of: classGroup)
        found.compiled = try snapshot(
            where: "class_group = ? AND kind <> 'rollback'", [classGroup], known: newest, database)
        found.running = try snapshot(
            where: "class_group = ? AND published_at IS NOT NULL", [classGroup], known: newest, database)
        return found
    }

    static func floor(_ database: Database) throws -> Version {
        let reserved = try Row.fetchOne(database, sql: "SELECT epoch, sequence FROM reservation")
        let newest = try Row.fetchOne(
            database, sql: "SELECT epoch, sequence FROM versions ORDER BY epoch DESC, sequence DESC LIMIT 1")
        return [reserved, newest].compactMap { $0.flatMap { version($0, "epoch", "sequence") } }.max() ?? .none
    }

    static func objects(_ database: Database) throws -> [StoredObject] {
        try Row.fetchAll(database, sql: "SELECT kind, namespace, name, file, text FROM objects").map { row in
            StoredObject(
                reference: ObjectReference(
                    kind: row["kind"], name: ObjectName(namespace: row["namespace"], name: row["name"])),
                file: row["file"], text: row["text"])
        }
    }

    static func history(_ opened: OpenedDatabase) throws -> FormerHistory {
        try opened.database.read { database in
            var history = FormerHistory()
            history.floor = try floor(database)
            for group in try String.fetchAll(database, sql: "SELECT DISTINCT class_group FROM versions") {
                history.found[group] = try found(of: group, opened.writer, database)
            }
            return history
        }
    }

    // MARK: Moving to another database

    static func contains(_ version: Version, _ database: Database) throws -> Bool {
        try Row.fetchOne(
            database, sql: "SELECT 1 FROM versions WHERE epoch = ? AND sequence = ?",
            arguments: [version.epoch.signed, version.sequence.signed]) != nil
    }

    /// All versions, the oldest first, as they are saved; their content is read from `queue` when it is asked for.
    static func pending(_ database: Database, from queue: DatabaseQueue) throws -> [PendingSnapshot] {
        try Row.fetchAll(database, sql: "SELECT \(columns), root FROM versions ORDER BY id").map { row in
            let group: String = row["class_group"]
            return PendingSnapshot(record: record(row), tree: try tree(root: row["root"], of: group, database)) {
                digest in (try? queue.read { try content(digest, of: group, $0) }) ?? nil
            }
        }
    }

    private static let content = "SELECT content FROM blobs WHERE class_group = ? AND digest = ?"

    static func tree(root: Data, of classGroup: String, _ database: Database) throws -> ManifestTree {
        let read = try database.cachedStatement(sql: content)
        return try ManifestTree.decode(root: Array(root)) { digest in
            (try? Data.fetchOne(read, arguments: [classGroup, digest.data])).flatMap { checked($0, digest) }
        }
    }

    static func content(_ digest: Digest, of classGroup: String, _ database: Database) throws -> [UInt8]? {
        let read = try database.cachedStatement(sql: content)
        return try Data.fetchOne(read, arguments: [classGroup, digest.data]).flatMap { checked($0, digest) }
    }

    /// A blob is what its digest says, or it is not there at all.
    private static func checked(_ data: Data, _ digest: Digest) -> [UInt8]? {
        let bytes = Array(data)
        return Digest.sha256(of: bytes) == digest ? bytes : nil
    }
}
