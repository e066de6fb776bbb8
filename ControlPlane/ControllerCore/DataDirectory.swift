import Glibc

/// The folder that outlives the process. Its lock is held for as long as the value lives, so that two control planes never
/// share a history.
package final class DataDirectory: Sendable {
    private let lock: Int32

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
        lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw ControllerStartError(
                "the data directory \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw ControllerStartError(
                "another portico-control uses the data directory \(path); give another --data-dir")
        }
    }

    deinit { close(lock) }
}
