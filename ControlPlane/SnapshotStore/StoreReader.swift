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
