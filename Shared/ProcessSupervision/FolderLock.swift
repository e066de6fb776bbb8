import Glibc
import Synchronization

/// A data directory that one process has for itself: the lock on a file in it is held until it is released, or the value is
/// gone.
package final class FolderLock: Sendable {
    /// Why the folder cannot be had: one line for a person.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let descriptor: Mutex<Int32?>

    /// Makes the folder where it is missing, sees that it can be written, and takes its lock.
    /// - Parameter program: who has the lock where it is taken.
    package init(folder: String, file: String, program: String) throws(Failure) {
        var made = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                let reason = String(cString: strerror(errno))
                throw Failure(description: "cannot make the data directory \(folder): \(reason)")
            }
        }
        let lock = open("\(folder)/\(file)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(description: "the data directory \(folder) cannot be written: \(reason)")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw Failure(
                description: "another \(program) uses the data directory \(folder); give another --data-dir")
        }
        descriptor = Mutex(lock)
    }

    deinit { release() }

    /// Lets another process have the folder.
    package func release() {
        if let lock = descriptor.withLock({ $0.take() }) { close(lock) }
    }
}
