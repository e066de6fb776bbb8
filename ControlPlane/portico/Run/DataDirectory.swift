import Glibc

/// Where a gateway keeps what must outlive it, and where its sockets lie.
enum DataDirectory {
    /// The folder of this user, by the XDG base directory rules.
    static var standard: String {
        if let state = getenv("XDG_STATE_HOME"), state.pointee != 0 { return "\(String(cString: state))/portico" }
        if let home = getenv("HOME"), home.pointee != 0 { return "\(String(cString: home))/.local/state/portico" }
        return "/tmp/portico-\(getuid())"
    }

    /// Unix socket paths end at 107 bytes; the longest name in the folder is `control.sock`.
    private static let longestPath = 107 - "/control.sock".utf8.count

    /// Makes the folder if it is missing and takes its lock, so that two gateways never share one.
    ///
    /// - Returns: the descriptor that holds the lock.
    static func claim(_ path: String) throws(CommandFailure) -> Int32 {
        guard path.utf8.count <= longestPath else {
            throw CommandFailure.unusable("the data directory's path is longer than \(longestPath) bytes: \(path)")
        }
        try make(path)
        let lock = open("\(path)/run.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw CommandFailure.unusable(
                "the data directory \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw CommandFailure.unusable(
                "another portico run uses the data directory \(path); give another --data-dir")
        }
        return lock
    }

    private static func make(_ path: String) throws(CommandFailure) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            guard mkdir(prefix, 0o700) == 0 || errno == EEXIST else {
                throw CommandFailure.unusable(
                    "cannot make the data directory \(path): \(String(cString: strerror(errno)))")
            }
        }
    }
}
