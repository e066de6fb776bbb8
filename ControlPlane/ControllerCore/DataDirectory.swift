import Glibc
import Synchronization

/// The folder that outlives the process. Its lock is held until it is released, or the value is gone, so that two control
/// planes never share a history.
package final class DataDirectory: Sendable {
    private let lock: Mutex<Int32?>

    /// Makes the folder where it is missing, sees that it can be written, and takes its lock.
    package init(path: String, lockPath: String) throws(ControllerStartError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw ControllerStartError(
                    "cannot make the data directory \(path): \(String(cString: strerror(errno)))")
            }
        }
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ControllerStartError(
                "the data directory \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ControllerStartError(
                "another portico-control uses the data directory \(path); give another --data-dir")
        }
        lock = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets another control plane have the folder.
    package func release() {
        if let descriptor = lock.withLock({ $0.take() }) { close(descriptor) }
    }
}
