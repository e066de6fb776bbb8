import Dispatch
import GRDB
import Glibc
import Logging
import PorticoModel
import PorticoSnapshot

/// A database that can be used, with what it knows of its own content.
struct OpenedDatabase {
    var database: DatabaseQueue
    var writer = StoreWriter()
}

/// What a database held that could be opened only while versions were being published.
package struct FormerHistory: Sendable {
    /// No version at or below this one may be used again.
    package var floor = Version.none
    /// By class group.
    package var found: [String: SnapshotStore.Found] = [:]

    package init() {}
}

extension SnapshotStore {
    static func open(
        _ path: String, _ maximumPages: Int?, _ logger: Logger, _ health: inout Health
    ) throws -> OpenedDatabase {
        do {
            return try openUsable(path, maximumPages, logger, &health)
        } catch {
            logger.error(
                """
                the snapshot database \(path) cannot be opened: \(error); it is tried again, and until then the history \
                is kept in memory only
                """)
            health.errors += 1
            health.currentError = "not on disk: \(error)"
            return OpenedDatabase(database: try StoreSchema.openInMemory())
        }
    }

    /// Opens the file, or a new one in the place of one whose content cannot be used.
    private static func openUsable(
        _ path: String, _ maximumPages: Int?, _ logger: Logger, _ health: inout Health
    ) throws -> OpenedDatabase {
        do {
            return try openFile(path, maximumPages)
        } catch  where StoreSchema.blamesContent(error) || error is SnapshotError {
            let aside = try StoreSchema.setAside(path, now: now())
            logger.error(
                "the snapshot database \(path) cannot be used: \(error); it is now \(aside), and a new one begins")
            health.errors += 1
            return try openFile(path, maximumPages)
        }
    }

    private static func openFile(_ path: String, _ maximumPages: Int?) throws -> OpenedDatabase {
        // What SQLite keeps beside the file gets the file's mode; snapshots are nobody's business but the owner's.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
        var opened = OpenedDatabase(database: try StoreSchema.open(path, maximumPages: maximumPages))
        try opened.database.read { try opened.writer.load($0) }
        return opened
    }

    // MARK: Opening it after all

    /// Tries the file again. That may take as long as a lock is waited for, so the store's own queue, which readers wait
    /// for, only takes over what came of it.
    func reopen() {
        DispatchQueue.global(qos: .utility).async { [weak self] in
            guard let self else { return }
            var health = Health()
            let opened: Result<OpenedDatabase, any Error>
            do {
                opened = .success(try SnapshotStore.openUsable(path, maximumPages, logger, &health))
            } catch { opened = .failure(error) }
            takeOver(opened)
        }
    }

    private func takeOver(_ result: sending Result<OpenedDatabase, any Error>) {
        let history: FormerHistory? = queue.sync {
            state.withLock { state in
                do {
                    var opened = try result.get()
                    let history = try StoreReader.history(opened)
                    try SnapshotStore.carry(state.opened.database, to: &opened)
                    state.opened = opened
                    state.isOnDisk = true
                    logger.notice("the snapshot database \(path) is open")
                    writeWaiting(&state)
                    return history
                } catch {
                    noteFailure("not on disk: \(error)")
                    retryLater(&state)
                    return nil
                }
            }
        }
        if let history { tellOpened(history) }
    }

    /// Stores what was kept in memory. What is there already, as after an attempt that came to nothing, stays.
    private static func carry(_ memory: DatabaseQueue, to opened: inout OpenedDatabase) throws {
        let (versions, answers, objects, reserved) = try memory.read { database in
            (
                try StoreReader.pending(database, from: memory), try StoreReader.list(database),
                try StoreReader.objects(database), try StoreReader.floor(database)
            )
        }
        for version in versions {
            let isThere = try opened.database.read { try StoreReader.contains(version.record.version, $0) }
            if !isThere { try opened.writer.save(version, opened.database) }
        }
        try opened.database.write { database in
            for stored in answers {
                for answer in stored.acknowledgements {
                    try StoreWriter.record(answer, of: stored.record.version, database)
                }
            }
            try StoreWriter.keep(
                Dictionary(objects.map { ($0.reference, $0) }, uniquingKeysWith: { _, last in last }), database)
            if try reserved > StoreReader.floor(database) { try StoreWriter.reserve(reserved, database) }
        }
    }
}
