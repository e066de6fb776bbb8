import Foundation
import ProcessSupervision

/// One of the built programs, running. It is killed with the value that stands for it.
package final class RunningProgram: @unchecked Sendable {
    package let process: ChildProcess
    private let folder: TemporaryFolder
    private let lock = NSLock()
    private var end: ProcessEnd?

    /// - Parameter program: a product of this package, or an absolute path.
    package init(_ program: String, _ arguments: [String]) throws {
        folder = try TemporaryFolder()
        let output = open(folder("output"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(output) }
        let path = program.hasPrefix("/") ? program : RunningProgram.path(of: program)
        // The shell gives the program its output and then becomes the program.
        process = try SpawningThread.shared.start(
            ChildCommand(
                path: "/bin/bash",
                arguments: ["-c", "exec 0</dev/null 1>&9 2>&9 9>&-; exec \"$@\"", "bash", path] + arguments,
                descriptors: [9: output]))
    }

    deinit {
        if poll() == nil {
            process.send(signal: SIGKILL)
            _ = wait(seconds: 5)
        }
    }

    /// Where the programs lie that were built together with the tests.
    package static func path(of product: String) -> String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var folder = URL(fileURLWithPath: tests).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent(product).path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        // The tests run inside a helper of the toolchain: look in the package's build folder.
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.appendingPathComponent(".build/debug/\(product)").path
    }

    /// All that it has written, both streams.
    package var output: String { folder.text(of: "output") }

    package func send(_ signal: Int32) { process.send(signal: signal) }

    /// How it ended, or nil while it runs.
    package func poll() -> ProcessEnd? {
        lock.withLock {
            if end == nil { end = process.reap() }
            return end
        }
    }

    package func wait(seconds: Double) -> ProcessEnd? {
        let limit = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < limit {
            if let end = poll() { return end }
            usleep(2_000)
        }
        return poll()
    }

    /// Runs a program to its end.
    package static func run(
        _ program: String, _ arguments: [String], seconds: Double = 20
    ) throws -> (end: ProcessEnd?, output: String) {
        let running = try RunningProgram(program, arguments)
        let end = running.wait(seconds: seconds)
        return (end, running.output)
    }
}

/// What /proc knows about processes.
package enum ProcessTable {
    package struct Entry: Hashable, Sendable {
        package let id: pid_t
        package let parent: pid_t
        package let arguments: [String]
    }

    package static func all() -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.compactMap(entry)
    }

    package static func children(of parent: pid_t) -> [Entry] {
        all().filter { $0.parent == parent }.sorted { $0.id < $1.id }
    }

    /// Whether the process is there and is not merely waiting to be reaped.
    package static func isAlive(_ id: pid_t) -> Bool { entry(id) != nil }

    private static func entry(_ id: pid_t) -> Entry? {
        guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let close = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 1, fields[0] != "Z", fields[0] != "X", let parent = pid_t(fields[1]) else { return nil }
        let line = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(id)/cmdline"))) ?? Data()
        return Entry(
            id: id, parent: parent,
            arguments: line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }
}
