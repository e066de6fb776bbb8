import ClusterState
import Glibc
import PorticoModel
import Synchronization

@testable import ManifestDirectory

/// A folder that is gone when its owner is.
final class TemporaryFolder {
    let path: String

    struct Failure: Error {}

    init() throws {
        var template = Array("/tmp/portico-manifests-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure() }
        path = String(cString: made)
    }

    deinit { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        for name in FileSystem.names(in: path) ?? [] {
            let child = "\(path)/\(name)"
            guard let status = FileSystem.status(child, followsLinks: false) else { continue }
            if FileSystem.isDirectory(status) { removeTree(child) } else { unlink(child) }
        }
        rmdir(path)
    }

    func write(_ name: String, _ text: String) { write(name, bytes: Array(text.utf8)) }

    func write(_ name: String, bytes: [UInt8]) {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/\(part)"
            mkdir(folder, 0o755)
        }
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        // In two steps, as a reader that does not wait for the end would see.
        let half = bytes.count / 2
        _ = Glibc.write(descriptor, Array(bytes[..<half]), half)
        _ = Glibc.write(descriptor, Array(bytes[half...]), bytes.count - half)
        close(descriptor)
    }

    func rename(_ name: String, to other: String) { _ = Glibc.rename("\(path)/\(name)", "\(path)/\(other)") }

    func link(_ name: String, to target: String) { _ = symlink(target, "\(path)/\(name)") }

    func remove(_ name: String) { _ = Glibc.remove("\(path)/\(name)") }
}

/// Collects what a `ManifestDirectory` tells.
final class Follower: Sendable {
    private struct State {
        var updates: [[String]] = []
        var objects: [ObjectReference: String] = [:]
        var diagnostics: [Diagnostic] = []
    }

    private let directory: ManifestDirectory
    private let state = Mutex(State())

    init(_ path: String, _ store: MemoryStore? = nil) throws {
        directory = ManifestDirectory(path: path, lastGood: store)
        try directory.start { [weak self] in self?.take($0) }
    }

    private func take(_ update: ManifestUpdate) {
        state.withLock { state in
            state.updates.append(update.changes.map(\.summary).sorted())
            state.diagnostics = update.diagnostics
            for change in update.changes {
                switch change {
                case .upsert: state.objects[change.reference] = change.summary
                case .delete: state.objects[change.reference] = nil
                }
            }
        }
    }

    func stop() { directory.stop() }

    var updates: [[String]] { state.withLock { $0.updates } }
    var serving: [String] { state.withLock { $0.objects.values.sorted() } }

    func everSaw(_ summary: String) -> Bool { updates.contains { $0.contains(summary) } }

    /// Waits for the objects to be as wanted.
    func wait(_ condition: ([String]) -> Bool) -> Bool { poll { condition(serving) } }

    func waitForDiagnostic(_ condition: ([Diagnostic]) -> Bool) -> Bool {
        poll { condition(state.withLock { $0.diagnostics }) }
    }

    /// - Returns: the changes of the update of that number.
    func waitForUpdate(_ number: Int) -> [String] {
        _ = poll { updates.count >= number }
        return updates.count >= number ? updates[number - 1] : ["no update"]
    }

    private func poll(_ condition: () -> Bool) -> Bool {
        let deadline = FileSystem.milliseconds + 10_000
        while FileSystem.milliseconds < deadline {
            if condition() { return true }
            usleep(1_000)
        }
        return condition()
    }
}

/// A store that outlives its directory, as a disk does.
final class MemoryStore: LastGoodStore {
    private let objects = Mutex<[ObjectReference: LastGoodObject]>([:])

    func load() -> [LastGoodObject] { objects.withLock { Array($0.values) } }

    func save(_ saved: [LastGoodObject], removing removed: [ObjectReference]) {
        objects.withLock { objects in
            for reference in removed { objects[reference] = nil }
            for object in saved { objects[object.reference] = object }
        }
    }
}
