import FoundationEssentials
import GRDB

/// Opens the database file, and makes a new one where there is none that can be used.
///
/// Blobs hold the content of sections and of manifest groups under their digests, for each class group its own. Versions are numbered as they are
/// stored, and a blob that the newest version no longer names carries the number of the last one that did: it goes when no
/// version of that number or below is kept. So storing a version costs as much as it changes, and so does forgetting one.
enum StoreSchema {
    /// `PORT` in ASCII, in the header of the file.
    static let applicationID = 0x504F_5254
    static let version = 2

    private static let blobs = """
        CREATE TABLE blobs (
            class_group TEXT NOT NULL, digest BLOB NOT NULL, content BLOB NOT NULL, last_version INTEGER,
            PRIMARY KEY (class_group, digest));
        CREATE INDEX blobs_of_the_past ON blobs (class_group, last_version) WHERE last_version IS NOT NULL;
        """

    private static let statements = """
        CREATE TABLE versions (
            id INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
            parent_epoch INTEGER, parent_sequence INTEGER, class_group TEXT NOT NULL, created_at REAL NOT NULL,
            kind TEXT NOT NULL, cause TEXT NOT NULL, rollback_epoch INTEGER, rollback_sequence INTEGER, reason TEXT,
            published_at REAL, root_digest BLOB NOT NULL, root BLOB NOT NULL, section_count INTEGER NOT NULL,
            UNIQUE (epoch, sequence));
        CREATE TABLE acknowledgements (
            epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, worker TEXT NOT NULL, at REAL NOT NULL, error TEXT,
            PRIMARY KEY (epoch, sequence, worker)) WITHOUT ROWID;
        CREATE TABLE reservation (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, sequence INTEGER NOT NULL);
        CREATE TABLE objects (
            kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL, text TEXT NOT NULL,
            PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
        """

    /// The first schema had one line of versions, and no group in its blobs.
    private static let fromVersion1 = """
        DROP INDEX blobs_of_the_past;
        ALTER TABLE blobs RENAME TO former_blobs;
        \(blobs)
        INSERT INTO blobs SELECT class_group, digest, content, last_version
            FROM former_blobs CROSS JOIN (SELECT DISTINCT class_group FROM versions);
        DROP TABLE former_blobs;
        """

    /// The file is there, but is not one that this version of Portico can use.
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    static func open(_ path: String, maximumPages: Int? = nil) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path, configuration: configuration(maximumPages))
        try prepare(queue)
        return queue
    }

    /// For when the disk cannot be written: the history lives as long as the process.
    static func openInMemory() throws -> DatabaseQueue {
        let queue = try DatabaseQueue(configuration: configuration(nil))
        try prepare(queue)
        return queue
    }

    private static func configuration(_ maximumPages: Int?) -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -1024")
            if let maximumPages { try database.execute(sql: "PRAGMA max_page_count = \(maximumPages)") }
        }
        return configuration
    }

    private static func prepare(_ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { database in
            // Nothing is changed before the file is known to be ours.
            try check(database)
            // Commits outlive a crash of the process; after a loss of power the newest may be missing, which the
            // reservation of versions and the workers' own versions make harmless.
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard found < version else { return }
            try database.inTransaction {
                try database.execute(sql: found == 0 ? blobs + statements : fromVersion1)
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(version)")
                return .commit
            }
        }
    }

    private static func check(_ database: Database) throws {
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if tables == 0 && application == 0 && found == 0 { return }
        guard application == applicationID else { throw Unusable(description: "it belongs to another program") }
        guard found <= version else {
            throw Unusable(
                description: "it was written by a newer Portico (schema \(found), this one knows \(version))")
        }
        let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard verdict == "ok" else { throw Unusable(description: "it is damaged: \(verdict)") }
    }

    /// Whether an error says that the file's content, and not the disk or the rights, is to blame.
    static func blamesContent(_ error: any Error) -> Bool {
        if error is Unusable { return true }
        guard let error = error as? DatabaseError else { return false }
        return [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_SCHEMA].contains(error.resultCode)
    }

    /// Renames the file and what SQLite keeps beside it.
    /// - Returns: the new path.
    static func setAside(_ path: String, now: Double) throws -> String {
        var target = "\(path).unusable-\(Int(now))"
        var attempt = 1
        while FileManager.default.fileExists(atPath: target) {
            attempt += 1
            target = "\(path).unusable-\(Int(now))-\(attempt)"
        }
        try FileManager.default.moveItem(atPath: path, toPath: target)
        for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: target + suffix)
        }
        return target
    }
}
