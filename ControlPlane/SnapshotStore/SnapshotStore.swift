import Dispatch
import FoundationEssentials
import GRDB
import Glibc
import Logging
import PorticoModel
import PorticoSnapshot
import Synchronization

/// The history of snapshots on disk.
///
/// Writing goes on behind the caller's back, in order, on one queue: the disk never delays a publication. That a crash does
/// not lead to a version being used twice is the work of the reservation: before a version may be used, a range of
/// sequence numbers that holds it is on disk, and a start after a crash goes on above the range. A disk that cannot be
/// written costs the history, and nothing else: versions that could not be stored wait in memory and are tried again.
package final class SnapshotStore: Sendable {
    /// What a start finds.
    package struct Found: Sendable {
        /// The newest compiled content.
        package var compiled: (record: SnapshotRecord, tree: ManifestTree)?
        /// What was last published: a rollback pins itself, for it holds newer versions back until something else is published.
        package var running: (record: SnapshotRecord, tree: ManifestTree)?

        package init() {}
    }

    package struct Health: Hashable, Sendable {
        /// Failed operations since the start.
        package var errors: UInt64 = 0
        /// Why the newest versions are not on disk; nil while they are.
        package var currentError: String?
    }

    private struct State {
        var database: DatabaseQueue
        var writer = StoreWriter()
        var pending: [PendingSnapshot] = []
        /// False while the history is kept in memory only.
        var isOnDisk: Bool
    }

    /// More versions than this do not wait for a disk; the oldest are dropped from the history.
    private static let pendingLimit = 100

    private let path: String
    private let retention: SnapshotRetention
    private let logger: Logger
    private let maximumPages: Int?
    private let queue = DispatchQueue(label: "portico.snapshot-store", qos: .utility)
    /// Only the queue takes it, so nobody waits for it.
    private let state: Mutex<State>
    private let status = Mutex(Health())

    package var health: Health { status.withLock { $0 } }

    /// Opens the store, and never fails: a file that cannot be used is set aside, and without a disk the history is kept
    /// in memory.
    package convenience init(path: String, retention: SnapshotRetention = .init(), logger: Logger) throws {
        try self.init(path: path, retention: retention, logger: logger, maximumPages: nil)
    }

    /// - Parameter maximumPages: makes the disk as good as full when the file has so many pages.
    init(path: String, retention: SnapshotRetention, logger: Logger, maximumPages: Int?) throws {
        self.path = path
        self.retention = retention
        self.logger = logger
        self.maximumPages = maximumPages
        var health = Health()
        let opened = try SnapshotStore.open(path, maximumPages, logger, &health)
        state = Mutex(
            State(database: opened.database, writer: opened.writer, isOnDisk: health.currentError == nil))
        status.withLock { $0 = health }
    }

    private static func open(
        _ path: String, _ maximumPages: Int?, _ logger: Logger, _ health: inout Health
    ) throws -> (database: DatabaseQueue, writer: StoreWriter) {
        do {
            do {
                return try openFile(path, maximumPages)
            } catch  where StoreSchema.blamesContent(error) || error is SnapshotError {
                let aside = try StoreSchema.setAside(path, now: now())
                logger.error(
                    "the snapshot database \(path) cannot be used: \(error); it is now \(aside), and a new one begins")
                health.errors += 1
                return try openFile(path, maximumPages)
            }
        } catch {
            logger.error("the snapshot database \(path) cannot be opened: \(error); the history is kept in memory only")
            health.errors += 1
            health.currentError = "not on disk: \(error)"
            return (try StoreSchema.openInMemory(), StoreWriter())
        }
    }

    private static func openFile(
        _ path: String, _ maximumPages: Int?
    ) throws -> (database: DatabaseQueue, writer: StoreWriter) {
        // What SQLite keeps beside the file gets the file's mode; snapshots are nobody's business but the owner's.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
        let database = try StoreSchema.open(path, maximumPages: maximumPages)
        var writer = StoreWriter()
        try database.read { try writer.load($0) }
        return (database, writer)
    }

    static func now() -> Double { Date().timeIntervalSince1970 }

    // MARK: Writing, behind the caller's back

    /// Stores a version.
    /// - Parameter content: finds the content of any section of the tree; called on the store's thread.
    package func save(
        _ record: SnapshotRecord, tree: ManifestTree, content: @escaping @Sendable (Digest) -> [UInt8]?
    ) {
        let snapshot = PendingSnapshot(record: record, tree: tree, content: content)
        enqueue { store, state in
            state.pending.append(snapshot)
            if state.pending.count > SnapshotStore.pendingLimit { state.pending.removeFirst() }
            store.writePending(&state)
        }
    }

    /// Notes that a version that was held back is published.
    package func markPublished(_ version: Version, at time: Double) {
        change { database in
            try database.execute(
                sql: "UPDATE versions SET published_at = ? WHERE epoch = ? AND sequence = ?",
                arguments: [time, version.epoch.signed, version.sequence.signed])
        }
    }

    /// Stores a worker's answer to a version, in place of an earlier one.
    package func record(_ answer: Acknowledgement, of version: Version) {
        change { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO acknowledgements (epoch, sequence, worker, at, error)
                    SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM versions WHERE epoch = ?1 AND sequence = ?2)
                    """,
                arguments: [version.epoch.signed, version.sequence.signed, answer.worker, answer.at, answer.error])
        }
    }

    /// Makes sure that no later start uses a version at or below this one.
    /// - Parameter waits: return when it is on disk.
    package func reserve(through version: Version, waits: Bool = false) {
        let write: @Sendable (Database) throws -> Void = { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO reservation (one, epoch, sequence) VALUES (1, ?, ?)",
                arguments: [version.epoch.signed, version.sequence.signed])
        }
        change(write)
        if waits { flush() }
    }

    /// Keeps these objects and forgets others. Returns when it is done, for the caller has time.
    package func save(_ objects: [StoredObject], removing removed: [ObjectReference]) {
        change { database in
            let insert = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO objects (kind, namespace, name, file, text) VALUES (?, ?, ?, ?, ?)")
            // Whatever the caller says, what a Secret holds does not get to the disk.
            for object in objects where object.reference.kind != "Secret" {
                let name = object.reference.name
                try insert.execute(arguments: [
                    object.reference.kind, name.namespace, name.name, object.file, object.text,
                ])
            }
            let delete = try database.cachedStatement(
                sql: "DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?")
            for reference in removed {
                try delete.execute(arguments: [reference.kind, reference.name.namespace, reference.name.name])
            }
        }
    }

    /// Returns when everything that was asked for so far is done.
    package func flush() { queue.sync {} }

    /// Writes what waits and closes the file.
    package func close() {
        enqueue { store, state in
            store.writePending(&state)
            try? state.database.close()
        }
        flush()
    }

    // MARK: Reading, after everything that was asked for so far

    /// What the last run left behind of a class group.
    package func load(classGroup: String) throws(SnapshotStoreError) -> Found {
        try read { database, writer in
            var found = Found()
            let newest = writer.newestTree(of: classGroup)
            found.compiled = try StoreReader.snapshot(
                where: "class_group = ? AND kind <> 'rollback'", [classGroup], known: newest, database)
            found.running = try StoreReader.snapshot(
                where: "class_group = ? AND published_at IS NOT NULL", [classGroup], known: newest, database)
            return found
        }
    }

    /// No version at or below this one may be used again, by any class group.
    package func floor() throws(SnapshotStoreError) -> Version {
        try read { database, _ in
            let reserved = try Row.fetchOne(database, sql: "SELECT epoch, sequence FROM reservation")
            let newest = try Row.fetchOne(
                database, sql: "SELECT epoch, sequence FROM versions ORDER BY epoch DESC, sequence DESC LIMIT 1")
            return [reserved, newest].compactMap { $0.flatMap { StoreReader.version($0, "epoch", "sequence") } }.max()
                ?? .none
        }
    }

    /// All stored versions, the newest first.
    package func list() throws(SnapshotStoreError) -> [StoredSnapshot] {
        try read { database, _ in try StoreReader.list(database) }
    }

    /// A class group's stored version with the content of its sections, but for those that `isKnown` has already.
    package func snapshot(
        _ version: Version, of classGroup: String, isKnown: (Digest) -> Bool
    ) throws(SnapshotStoreError) -> (record: SnapshotRecord, tree: ManifestTree, contents: [Digest: [UInt8]]) {
        try read { database, _ in
            let condition = "epoch = ? AND sequence = ?"
            let arguments: StatementArguments = [version.epoch.signed, version.sequence.signed]
            guard let found = try StoreReader.snapshot(where: condition, arguments, database) else {
                throw SnapshotStoreError.unknownVersion(version)
            }
            guard found.record.classGroup == classGroup else {
                throw SnapshotStoreError.otherClassGroup(version, found.record.classGroup)
            }
            var contents: [Digest: [UInt8]] = [:]
            for section in found.tree.sections where !isKnown(section.digest) {
                guard let content = try StoreReader.content(section.digest, of: classGroup, database) else {
                    throw SnapshotStoreError.damaged(version, reason: "\(section.name.name) is missing or altered")
                }
                contents[section.digest] = content
            }
            return (found.record, found.tree, contents)
        }
    }

    /// The objects that are kept over a restart.
    package func objects() throws(SnapshotStoreError) -> [StoredObject] {
        try read { database, _ in
            try Row.fetchAll(database, sql: "SELECT kind, namespace, name, file, text FROM objects").map { row in
                StoredObject(
                    reference: ObjectReference(
                        kind: row["kind"], name: ObjectName(namespace: row["namespace"], name: row["name"])),
                    file: row["file"], text: row["text"])
            }
        }
    }

    // MARK: The queue

    private func enqueue(_ job: @escaping @Sendable (SnapshotStore, inout State) -> Void) {
        queue.async { self.state.withLock { job(self, &$0) } }
    }

    /// Does what `write` does after everything that was asked for so far.
    func change(_ write: @escaping @Sendable (Database) throws -> Void) {
        enqueue { store, state in
            store.writePending(&state)
            store.attempt(&state) { try $0.database.write(write) }
        }
    }

    private func read<Answer: Sendable>(
        _ read: (Database, StoreWriter) throws -> Answer
    ) throws(SnapshotStoreError) -> Answer {
        let result: Result<Answer, SnapshotStoreError> = queue.sync {
            state.withLock { state in
                do {
                    return .success(try state.database.read { [writer = state.writer] in try read($0, writer) })
                } catch let error as SnapshotStoreError {
                    return .failure(error)
                } catch {
                    noteFailure("\(error)")
                    return .failure(.unavailable(reason: "\(error)"))
                }
            }
        }
        return try result.get()
    }

    private enum Outcome {
        case done
        /// It may work another time.
        case failed
        /// It never will.
        case impossible
    }

    private func writePending(_ state: inout State) {
        var isHealthy = state.isOnDisk
        while let snapshot = state.pending.first {
            let outcome = attempt(&state) { try $0.writer.save(snapshot, $0.database) }
            if outcome == .failed { return }
            state.pending.removeFirst()
            let pruning = attempt(&state) { state in
                try state.database.write { [writer = state.writer, retention] database in
                    try writer.prune(snapshot.record.classGroup, retention, now: SnapshotStore.now(), database)
                }
            }
            if outcome != .done || pruning != .done { isHealthy = false }
        }
        if isHealthy { status.withLock { $0.currentError = nil } }
    }

    @discardableResult
    private func attempt(_ state: inout State, _ job: (inout State) throws -> Void) -> Outcome {
        do {
            try job(&state)
            return .done
        } catch {
            noteFailure("\(error)")
            if StoreSchema.blamesContent(error) { startAnew(&state) }
            let isImpossible =
                error is SnapshotStoreError || (error as? DatabaseError)?.resultCode == .SQLITE_CONSTRAINT
            return isImpossible ? .impossible : .failed
        }
    }

    /// The file was damaged while in use: the next version is stored whole in a new one.
    private func startAnew(_ state: inout State) {
        try? state.database.close()
        var health = Health()
        _ = try? StoreSchema.setAside(path, now: SnapshotStore.now())
        if let opened = try? SnapshotStore.open(path, maximumPages, logger, &health) {
            (state.database, state.writer) = opened
            state.isOnDisk = health.currentError == nil
        }
        status.withLock { [health] status in
            status.errors += health.errors
            if let error = health.currentError { status.currentError = error }
        }
    }

    /// Every failure counts; the log has the first of a row of equal ones.
    private func noteFailure(_ reason: String) {
        let isNew = status.withLock { health in
            defer {
                health.errors += 1
                health.currentError = reason
            }
            return health.currentError != reason
        }
        if isNew {
            logger.error("the snapshot database \(path) failed: \(reason); configuration goes on being published")
        }
    }
}
