import ClusterState
import Glibc
import PorticoModel
import Synchronization
import Threads

package enum ManifestDirectoryError: Error, CustomStringConvertible {
    case cannotWatch(String)
    case cannotStartThread

    package var description: String {
        switch self {
        case .cannotWatch(let reason): "cannot watch the folder of manifests: \(reason)"
        case .cannotStartThread: "cannot start the thread that reads the folder of manifests"
        }
    }
}

/// Reads a folder of manifests and follows its changes, on a thread of its own.
///
/// All files named `*.yaml`, `*.yml` and `*.json` are read, in subfolders too; names that start with a dot are not.
/// Symbolic links are followed, and what they lead to is watched, so the swap of a ConfigMap volume's `..data` is one
/// update. `ManifestTable` says which form of which object is in force.
package final class ManifestDirectory: Sendable {
    private let path: String
    private let lastGood: (any LastGoodStore)?
    /// A pipe whose reading end the thread waits for: reading, writing.
    private let wake: (Int32, Int32)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// - Parameter lastGood: keeps the last valid form of objects over a restart; nil keeps it in memory only.
    package init(path: String, lastGood: (any LastGoodStore)? = nil) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.lastGood = lastGood
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        wake = (ends[0], ends[1])
    }

    deinit {
        close(wake.0)
        close(wake.1)
    }

    /// Reads the folder and goes on until `stop`.
    ///
    /// - Parameter handler: called on the reading thread: first with all objects, then with each batch of changes.
    package func start(handler: @escaping @Sendable (ManifestUpdate) -> Void) throws(ManifestDirectoryError) {
        // The thread alone has it.
        nonisolated(unsafe) let follower = try FolderFollower(
            folder: path, lastGood: lastGood, wake: wake.0, handler: handler)
        guard let started = try? DedicatedThread("manifests", { follower.run() }) else { throw .cannotStartThread }
        thread.withLock { $0 = started }
    }

    /// Reads the store of last good forms once more, for those that were not to be had at the start.
    package func recallLastGood() { tell(.recall) }

    private func tell(_ order: FolderFollower.Order) {
        var byte = order.rawValue
        _ = write(wake.1, &byte, 1)
    }

    /// Ends the thread and waits for it. The handler is not called afterwards.
    package func stop() {
        guard let running = thread.withLock({ $0.take() }) else { return }
        tell(.end)
        running.join()
    }
}
