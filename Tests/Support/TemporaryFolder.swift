import Foundation

/// A folder of its own, deleted with the value that stands for it.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/portico-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    package func makeFolder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
        return self(name)
    }

    /// Writes beside the file and renames over it, as careful editors do.
    package func write(_ text: String, to name: String) throws {
        let scratch = self("\(name).\(UInt32.random(in: 0 ... .max)).tmp")
        try text.write(toFile: scratch, atomically: false, encoding: .utf8)
        guard rename(scratch, self(name)) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    package func text(of name: String) -> String {
        (try? String(contentsOfFile: self(name), encoding: .utf8)) ?? ""
    }
}
