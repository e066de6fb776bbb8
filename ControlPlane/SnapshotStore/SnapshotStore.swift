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
/// written costs the history, and nothing else: what could not be stored waits in memory and is tried again, after
/// pauses that grow; so is a file that could not be opened.
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

    struct State {
        var opened: OpenedDatabase
        var pending: [PendingSnapshot] = []
        /// Asked for, and not yet on disk.
        var reservation: Version?
        /// Objects to keep, and by nil to forget, that are not on disk yet.
        var objects: [ObjectReference: StoredObject?] = [:]
        /// False while the history is kept in memory only.
        var isOnDisk: Bool
        var retries = RetryPause()
    }

    /// More versions than this do not wait for a disk; the oldest are dropped from the history.
    private static let pendingLimit = 100

    let path: String
    private let retention: SnapshotRetention
    let logger: Logger
    let maximumPages: Int?
    let queue = DispatchQueue(label: "portico.snapshot-store", qos: .utility)
    /// Only the queue takes it, so nobody waits for it.
    let state: Mutex<State>
    private let status = Mutex(Health())
    private let opening = Mutex<(@Sendable (FormerHistory) -> Void)?>(nil)
    private let hasClosed = Atomic(false)

    package var health: Health { status.withLock { $0 } }

    /// Opens the store, and never fails: a file that cannot be used is set aside, and without a disk the history is kept
    /// in memory.
    package convenience init(path: String, retention: SnapshotRetention = .init(), logger: Logger) throws {
        try self.init(path: path, retention: retention, logger: logger, maximumPages: nil)
    }

    /// - Parameters:
    ///   - maximumPages: makes the disk as good as full when the file has so many pages.
    ///   - retries: when a file that cannot be used is tried again.
    init(
        path: String, retention: SnapshotRetention, logger: Logger, maximumPages: Int?,
        retries: RetryPause = RetryPause()
    ) throws {
        self.path = path
        self.retention = retention
        self.logger = logger
        self.maximumPages = maximumPages
        var health = Health()
        let opened = try SnapshotStore.open(path, maximumPages, logger, &health)
        state = Mutex(State(opened: opened, isOnDisk: health.currentError == nil, retries: retries))
        status.withLock { $0 = health }
        if health.currentError != nil { enqueue { store, state in store.retryLater(&state) } }
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
            store.writeWaiting(&state)
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
        change { try StoreWriter.record(answer, of: version, $0) }
    }

    /// Makes sure that no later start uses a version at or below this one.
    /// - Parameter waits: return when it is on disk.
    package func reserve(through version: Version, waits: Bool = false) {
        enqueue { store, state in
            state.reservation = version
            store.writeWaiting(&state)
        }
        if waits { flush() }
    }

    /// Keeps these objects and forgets others. Returns when it is done, for the caller has time.
    package func save(_ objects: [StoredObject], removing removed: [ObjectReference]) {
        enqueue { store, state in
            // Whatever the caller says, what a Secret holds does not get to the disk.
            for object in objects where object.reference.kind != "Secret" {
                state.objects[object.reference] = .some(object)
            }
            for reference in removed { state.objects[reference] = .some(nil) }
            store.writeWaiting(&state)
        }
    }

    /// Returns when everything that was asked for so far is done.
    package func flush() { queue.sync {} }

    /// Writes what waits and closes the file.
    package func close() {
        hasClosed.store(true, ordering: .relaxed)
        enqueue { store, state in
            store.writeWaiting(&state)
            try? state.opened.database.close()
        }
        flush()
    }

    /// Calls the handler, on the store's thread, when a file that could not be opened at the start is open after all.
    package func whenOpened(_ handler: @escaping @Sendable (FormerHistory) -> Void) {
        opening.withLock { $0 = handler }
    }

    // MARK: Reading, after everything that was asked for so far

    /// What the last run left behind of a class group.
    package func load(classGroup: String) throws(SnapshotStoreError) -> Found {
        try read { database, writer in try StoreReader.found(of: classGroup, writer, database) }
    }

    /// No version at or below this one may be used again, by any class group.
    package func floor() throws(SnapshotStoreError) -> Version {
        try read { database, _ in try StoreReader.floor(database) }
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
        try read { database, _ in try StoreReader.objects(database) }
    }

    // MARK: The queue

    func enqueue(_ job: @escaping @Sendable (SnapshotStore, inout State) -> Void) {
        queue.async { self.state.withLock { job(self, &$0) } }
    }

    /// Does what `write` does after everything that was asked for so far.
    func change(_ write: @escaping @Sendable (Database) throws -> Void) {
        enqueue { store, state in
            store.writeWaiting(&state)
            store.attempt(&state) { try $0.opened.database.write(write) }
        }
    }

    private func read<Answer: Sendable>(
        _ read: (Database, StoreWriter) throws -> Answer
    ) throws(SnapshotStoreError) -> Answer {
        let result: Result<Answer, SnapshotStoreError> = queue.sync {
            state.withLock { state in
                do {
                    return .success(
                        try state.opened.database.read { [writer = state.opened.writer] in try read($0, writer) })
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

    enum Outcome {
        case done
        /// It may work another time.
        case failed
        /// It never will.
        case impossible
    }

    /// Writes what waits, in order, as far as it can be; what is left is tried again before long.
    func writeWaiting(_ state: inout State) {
        let isWritten = writeReservation(&state) && writeObjects(&state)
        let isHealthy = writeSnapshots(&state)
        if state.isOnDisk, isHealthy, isWritten { noteHealth(&state) }
        if !isWritten || !state.pending.isEmpty { retryLater(&state) }
    }

    private func writeReservation(_ state: inout State) -> Bool {
        guard let version = state.reservation else { return true }
        let outcome = attempt(&state) { state in
            try state.opened.database.write { try StoreWriter.reserve(version, $0) }
        }
        if outcome != .failed { state.reservation = nil }
        return outcome == .done
    }

    private func writeObjects(_ state: inout State) -> Bool {
        guard !state.objects.isEmpty else { return true }
        let outcome = attempt(&state) { state in
            try state.opened.database.write { [objects = state.objects] in try StoreWriter.keep(objects, $0) }
        }
        if outcome != .failed { state.objects = [:] }
        return outcome == .done
    }

    /// - Returns: whether everything went well.
    private func writeSnapshots(_ state: inout State) -> Bool {
        var isHealthy = true
        while let snapshot = state.pending.first {
            let outcome = attempt(&state) { try $0.opened.writer.save(snapshot, $0.opened.database) }
            if outcome == .failed { return false }
            state.pending.removeFirst()
            let pruning = attempt(&state) { state in
                try state.opened.database.write { [writer = state.opened.writer, retention] database in
                    try writer.prune(snapshot.record.classGroup, retention, now: SnapshotStore.now(), database)
                }
            }
            if outcome != .done || pruning != .done { isHealthy = false }
        }
        return isHealthy
    }

    @discardableResult
    func attempt(_ state: inout State, _ job: (inout State) throws -> Void) -> Outcome {
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
        try? state.opened.database.close()
        var health = Health()
        _ = try? StoreSchema.setAside(path, now: SnapshotStore.now())
        if let opened = try? SnapshotStore.open(path, maximumPages, logger, &health) {
            state.opened = opened
            state.isOnDisk = health.currentError == nil
        }
        status.withLock { [health] status in
            status.errors += health.errors
            if let error = health.currentError { status.currentError = error }
        }
        if !state.isOnDisk { retryLater(&state) }
    }

    /// Every failure counts; the log has the first of a row of equal ones.
    func noteFailure(_ reason: String) {
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

    private func noteHealth(_ state: inout State) {
        state.retries.reset()
        let wasFailing = status.withLock { health in health.currentError.take() != nil }
        if wasFailing { logger.notice("the snapshot database \(path) is written again") }
    }

    // MARK: Trying again

    /// Tries again after a pause, unless that is arranged already.
    func retryLater(_ state: inout State) {
        guard let pause = state.retries.next() else { return }
        queue.asyncAfter(deadline: .now() + pause / .seconds(1)) { [weak self] in
            guard let self, !hasClosed.load(ordering: .relaxed) else { return }
            let isOnDisk = self.state.withLock { state in
                state.retries.begin()
                if state.isOnDisk { self.writeWaiting(&state) }
                return state.isOnDisk
            }
            if !isOnDisk { reopen() }
        }
    }

    /// Tells who waits for the file that it is open.
    func tellOpened(_ history: FormerHistory) { opening.withLock { $0 }?(history) }
}
