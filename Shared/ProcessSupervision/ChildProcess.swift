import CSystem
import Glibc

/// What to start: a program, its arguments and the descriptors it inherits.
package struct ChildCommand: Sendable {
    package var path: String
    /// What the program sees as its own name; nil gives it the path.
    package var name: String?
    /// Without the program's own name.
    package var arguments: [String]
    /// `NAME=value` each; nil passes this process's own.
    package var environment: [String]?
    /// Descriptors of this process by the number under which the child sees them, from 3 upwards.
    package var descriptors: [Int32: Int32]

    package init(
        path: String, name: String? = nil, arguments: [String], environment: [String]? = nil,
        descriptors: [Int32: Int32] = [:]
    ) {
        self.path = path
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
    }
}

/// A program could not be started.
package struct SpawnError: Error, Hashable, CustomStringConvertible {
    package var path: String
    package var code: Int32

    package init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    package var description: String { "cannot start \(path): \(String(cString: strerror(code)))" }
}

/// How a process ended.
package enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    package var description: String {
        switch self {
        case .code(let code): "exited with code \(code)"
        case .signal(let number): "was ended by signal \(number) (\(String(cString: strsignal(number))))"
        }
    }
}

/// A running child. It dies with the thread that started it, so whoever starts one stays alive.
package struct ChildProcess: Sendable {
    package let id: pid_t
    /// Readable once the process has ended. Closed by `reap`.
    package let descriptor: Int32

    package static func start(_ command: ChildCommand) throws(SpawnError) -> ChildProcess {
        var arguments = ([command.name ?? command.path] + command.arguments).map { strdup($0) }
        arguments.append(nil)
        var environment = command.environment.map { $0.map { strdup($0) } + [nil] } ?? []
        defer { for text in arguments + environment { free(text) } }
        let mappings = command.descriptors.map { portico_descriptor_mapping(source: $0.value, target: $0.key) }
        var descriptor: Int32 = -1
        let id = environment.withUnsafeMutableBufferPointer { names in
            let inherited = command.environment == nil ? environ : names.baseAddress
            return portico_spawn(command.path, arguments, inherited, mappings, mappings.count, &descriptor)
        }
        guard id > 0 else { throw SpawnError(path: command.path, code: -id) }
        return ChildProcess(id: id, descriptor: descriptor)
    }

    /// - Returns: nil while the process runs.
    package func reap() -> ProcessEnd? {
        var code: Int32 = -1
        var signal: Int32 = -1
        let answer = portico_reap(id, &code, &signal)
        guard answer != 0 else { return nil }
        close(descriptor)
        // A process that somebody else has reaped is gone all the same.
        guard answer > 0 else { return .code(-1) }
        return signal >= 0 ? .signal(signal) : .code(code)
    }

    package func send(signal: Int32) {
        _ = kill(id, signal)
    }
}
