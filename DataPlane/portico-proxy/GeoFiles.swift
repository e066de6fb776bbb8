import Glibc
import PorticoModel
import ProcessSupervision

/// The databases of addresses in a folder. The supervisor opens them, because workers read no files of their own accord,
/// and looks once a minute whether one was replaced.
final class GeoFiles {
    private static let lookMilliseconds: Milliseconds = 60_000

    /// What tells one file from its successor.
    private struct Identity: Hashable {
        var device: UInt
        var inode: UInt
        var modified: Int
    }

    private let folder: String
    private let loop: PollLoop
    private let log: (String) -> Void
    /// Takes ownership of the descriptor.
    private let hand: (GeoDatabaseKind, Int32) -> Void
    private var known: [GeoDatabaseKind: Identity] = [:]

    init(
        folder: String, loop: PollLoop, log: @escaping (String) -> Void,
        hand: @escaping (GeoDatabaseKind, Int32) -> Void
    ) {
        self.folder = folder
        self.loop = loop
        self.log = log
        self.hand = hand
    }

    func start() {
        look()
        if known.isEmpty { log("there is no database of addresses in \(folder)") }
    }

    private func look() {
        for kind in GeoDatabaseKind.allCases { look(for: kind) }
        loop.schedule(after: Self.lookMilliseconds) { [unowned self] in self.look() }
    }

    /// A file that is gone leaves the workers with what they have.
    private func look(for kind: GeoDatabaseKind) {
        for name in kind.fileNames {
            let file = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { continue }
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                close(file)
                continue
            }
            let identity = Identity(
                device: UInt(status.st_dev), inode: UInt(status.st_ino), modified: status.st_mtim.tv_sec)
            if known.updateValue(identity, forKey: kind) == identity {
                close(file)
            } else {
                hand(kind, file)
            }
            return
        }
    }
}
