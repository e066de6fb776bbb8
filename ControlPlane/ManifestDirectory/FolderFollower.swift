import ClusterState
import Glibc
import PorticoModel

/// The thread of `ManifestDirectory`: waits for events, reads what they name, and hands on what changed.
final class FolderFollower {
    /// What a byte in the pipe asks for.
    enum Order: UInt8 {
        case end
        /// Read the last good forms once more.
        case recall
    }

    /// Editors save by moving the old file away before the new one is there; a file counts as gone only after this.
    private static let deletionGraceMilliseconds = 100
    /// How often a folder is looked at that is missing or cannot be watched.
    private static let pollMilliseconds = 500

    private let folder: String
    private let lastGood: (any LastGoodStore)?
    private let wake: Int32
    private let handler: @Sendable (ManifestUpdate) -> Void
    private let watcher: FolderWatcher
    private let reader: ManifestReader
    private var table = ManifestTable()
    private var scan = FolderScan()
    private var signatures: [String: FileSignature] = [:]
    /// When files that disappeared count as deleted.
    private var deadlines: [String: Int] = [:]
    private var lastDiagnostics: [Diagnostic] = []

    init(
        folder: String, lastGood: (any LastGoodStore)?, wake: Int32,
        handler: @escaping @Sendable (ManifestUpdate) -> Void
    ) throws(ManifestDirectoryError) {
        self.folder = folder
        self.lastGood = lastGood
        self.wake = wake
        self.handler = handler
        watcher = try FolderWatcher()
        reader = ManifestReader(keepsText: lastGood != nil)
    }

    func run() {
        table = ManifestTable(keepsTexts: lastGood != nil, persisted: lastGood?.load() ?? [])
        rescan()
        table.restore(isReadable: scan.isFolderThere)
        deliver(isFirst: true)
        while wait() {
            take(watcher.drain())
            expireDeadlines()
            deliver(isFirst: false)
        }
    }

    /// - Returns: false once the thread is to end.
    private func wait() -> Bool {
        var descriptors = [
            pollfd(fd: watcher.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 2, timeout)
        guard descriptors[1].revents != 0 else { return true }
        var byte: UInt8 = 0
        guard read(wake, &byte, 1) == 1, Order(rawValue: byte) == .recall else { return false }
        table.recall(lastGood?.load() ?? [])
        return true
    }

    /// Milliseconds until something is due; -1 where nothing is.
    private var timeout: Int32 {
        guard let next = deadlines.values.min() else {
            return needsPolling ? Int32(FolderFollower.pollMilliseconds) : -1
        }
        return Int32(min(max(0, next - FileSystem.milliseconds), FolderFollower.pollMilliseconds))
    }

    private var needsPolling: Bool { !scan.isFolderThere || watcher.failure != nil }

    // MARK: Events

    private func take(_ events: [FolderWatcher.Event]) {
        var paths: Set<String> = []
        var needsScan = needsPolling
        for event in events {
            if event.isOverflow || event.isAboutItself { needsScan = true }
            for directory in event.directories {
                if scan.dependencies[directory]?.contains(event.name) == true { needsScan = true }
                guard let prefix = scan.directories[directory], !event.name.isEmpty, !event.name.hasPrefix(".") else {
                    continue
                }
                switch concern(of: event, at: "\(directory)/\(event.name)") {
                case .nothing: break
                case .file: paths.insert(prefix + event.name)
                case .structure: needsScan = true
                }
            }
        }
        if needsScan { return rescan() }
        reread(paths.sorted())
    }

    private enum Concern { case nothing, file, structure }

    private func concern(of event: FolderWatcher.Event, at path: String) -> Concern {
        if event.isDirectory { return .structure }
        let isManifest = FolderScan.isManifest(event.name)
        guard let status = FileSystem.status(path, followsLinks: false) else { return isManifest ? .file : .nothing }
        // A link to a folder may bear any name.
        if FileSystem.isLink(status) { return .structure }
        guard isManifest else { return .nothing }
        // The writer of a new file closes it in a moment, and a half-written one must not be read. A hard link is
        // whole from the start.
        if event.isOnlyCreation, status.st_nlink == 1 { return .nothing }
        return .file
    }

    private func rescan() {
        watcher.clearFailure()
        let new = FolderScan.scan(folder) { watcher.watch($0) }
        scan = new
        watcher.retain(Set(new.directories.keys).union(new.dependencies.keys))
        // A folder that vanished is more likely to return than to be meant: its objects stay.
        guard new.isFolderThere else { return }
        reread(new.files.keys.filter { signatures[$0] != new.files[$0] }.sorted())
        for path in Array(signatures.keys) where new.files[path] == nil && !isUnreadable(path, new) { lose(path) }
    }

    private func isUnreadable(_ path: String, _ scan: FolderScan) -> Bool {
        scan.unreadable.keys.contains { path.hasPrefix($0) }
    }

    // MARK: Files

    /// - Parameter isFinal: an empty file is meant to be empty.
    private func reread(_ path: String, isFinal: Bool = false) {
        take(reader.readFile(path, in: folder, previous: table.file(path)), of: path, isFinal: isFinal)
    }

    /// Reads many files, as at the start, on all cores.
    private func reread(_ paths: [String]) {
        let readings = reader.readFiles(paths.map { ($0, table.file($0)) }, in: folder)
        for (path, reading) in zip(paths, readings) { take(reading, of: path, isFinal: false) }
    }

    private func take(_ reading: FileReading, of path: String, isFinal: Bool) {
        switch reading {
        case .missing: lose(path)
        case .failed(let file, let signature):
            found(path, signature)
            table.set(file)
        case .read(let file, let signature):
            // Some writers empty a file before they fill it, with a pause in between.
            if file.documents.isEmpty, table.file(path)?.documents.isEmpty == false, !isFinal { return lose(path) }
            found(path, signature)
            table.set(file)
        }
    }

    private func found(_ path: String, _ signature: FileSignature?) {
        signatures[path] = signature
        deadlines[path] = nil
    }

    private func lose(_ path: String) {
        guard table.file(path) != nil, deadlines[path] == nil else { return }
        signatures[path] = nil
        deadlines[path] = FileSystem.milliseconds + FolderFollower.deletionGraceMilliseconds
        table.markAbsent(path)
    }

    private func expireDeadlines() {
        guard !deadlines.isEmpty, scan.isFolderThere else { return }
        let now = FileSystem.milliseconds
        for (path, deadline) in deadlines where deadline <= now {
            deadlines[path] = nil
            if FileSystem.status("\(folder)/\(path)") == nil { table.forget(path) } else { reread(path, isFinal: true) }
        }
    }

    // MARK: Updates

    private func deliver(isFirst: Bool) {
        let changes = table.takeChanges()
        let diagnostics = table.diagnostics() + folderDiagnostics()
        guard isFirst || !changes.isEmpty || diagnostics != lastDiagnostics else { return }
        lastDiagnostics = diagnostics
        handler(ManifestUpdate(changes: changes, diagnostics: diagnostics))
        guard let lastGood else { return }
        for path in table.wantedFiles {
            guard case .read(let file, _) = reader.readFile(path, in: folder, previous: nil) else { continue }
            table.supply(file.texts, of: path)
        }
        let deleted = changes.compactMap { change -> ObjectReference? in
            if case .delete(let reference) = change { reference } else { nil }
        }
        let update = table.takeStoreUpdate(deleted: deleted)
        if !update.saved.isEmpty || !update.removed.isEmpty { lastGood.save(update.saved, removing: update.removed) }
    }

    private func folderDiagnostics() -> [Diagnostic] {
        func diagnostic(_ file: String, _ reason: String) -> Diagnostic {
            Diagnostic(
                severity: .error, object: nil, file: file, field: "", reason: reason,
                consequence: "what was read from it last keeps serving")
        }
        guard scan.isFolderThere else { return [diagnostic(folder, "there is no such folder")] }
        var found: [Diagnostic] = []
        if let failure = watcher.failure {
            found.append(diagnostic(folder, "the folder cannot be watched (\(failure)) and is looked at now and then"))
        }
        return found
            + scan.unreadable.sorted { $0.key < $1.key }.map { prefix, reason in
                diagnostic(prefix.isEmpty ? folder : "\(folder)/\(prefix)", "the folder cannot be read: \(reason)")
            }
    }
}
