import ArgumentParser
import Glibc
import ProcessSupervision

/// The command line for people.
@main struct Portico: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portico",
        abstract: "Serves Kubernetes Ingress, and tells what it serves.",
        subcommands: [
            RunCommand.self, StatusCommand.self, SnapshotsCommand.self, RollbackCommand.self, ResumeCommand.self,
            MigrateCommand.self, AnnotationsCommand.self,
        ])

    /// A wrong call is one clear line and exit code 2; help goes to standard output with 0.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            writeLine("portico: \(failure.message)", to: STDERR_FILENO)
            Glibc.exit(failure.exitCode)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            writeLine("portico: \(message(for: error)) (portico --help tells more)", to: STDERR_FILENO)
            Glibc.exit(2)
        }
    }
}

/// Why a command ends, in one line.
struct CommandFailure: Error {
    var message: String
    /// 1 where the control plane refused, 2 where it could not be asked.
    var exitCode: Int32

    /// The command cannot do its work with what it was given.
    static func unusable(_ message: String) -> CommandFailure { CommandFailure(message: message, exitCode: 2) }
}
