import Glibc
import ProcessSupervision

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
    static func claim(_ path: String) throws(CommandFailure) -> FolderLock {
        guard path.utf8.count <= longestPath else {
            throw CommandFailure.unusable("the data directory's path is longer than \(longestPath) bytes: \(path)")
        }
        do {
            return try FolderLock(folder: path, file: "run.lock", program: "portico run")
        } catch { throw CommandFailure.unusable(error.description) }
    }
}
