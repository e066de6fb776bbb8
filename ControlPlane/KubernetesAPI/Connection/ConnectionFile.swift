import Glibc
import Synchronization

/// A file that others replace while the process runs, as certificates and tokens are: read again when it is another.
final class ConnectionFile: Sendable {
    private struct Signature: Hashable {
        var inode: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private static let maximumBytes = 1 << 20

    let path: String
    private let content = Mutex<(signature: Signature, bytes: [UInt8])?>(nil)

    init(_ path: String) {
        self.path = path
    }

    /// Throws why it cannot be read, in words that follow the file's name.
    func read() throws(APIError) -> [UInt8] {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure }
        let signature = Signature(
            inode: UInt(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
        if let known = content.withLock({ $0 }), known.signature == signature { return known.bytes }
        guard let file = fopen(path, "re") else { throw failure }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: ConnectionFile.maximumBytes)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw failure }
        let read = Array(bytes.prefix(count))
        content.withLock { $0 = (signature, read) }
        return read
    }

    /// The first line, as tokens are kept.
    func readLine() throws(APIError) -> String {
        let line = String(decoding: try read().prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        guard !line.isEmpty else { throw .credentials("\(path): the file is empty") }
        return line
    }

    private var failure: APIError { .credentials("\(path): \(String(cString: strerror(errno)))") }
}

/// PEM in a file or given in place.
enum PEMSource: Sendable {
    case file(ConnectionFile)
    case data([UInt8])

    func read() throws(APIError) -> [UInt8] {
        switch self {
        case .file(let file): try file.read()
        case .data(let bytes): bytes
        }
    }
}
