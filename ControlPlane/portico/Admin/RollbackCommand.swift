import ArgumentParser
import PorticoModel

/// `portico rollback VERSION`: publishes an old version's sections as a new version, and pins it.
struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Brings an old configuration back and keeps it until `portico resume`.",
        discussion: "Endpoints stay current: only what people wrote is rolled back.")

    @Argument(help: "The version to bring back, as `portico snapshots list` writes it.")
    var version: String

    @Option(help: "Why; it is kept with the version.")
    var reason = ""

    @OptionGroup var group: ClassGroupOption
    @OptionGroup var options: AdminOptions

    func validate() throws {
        guard Version(version) != nil else {
            throw ValidationError("'\(version)' is no version; write it as epoch.sequence, like 1.42")
        }
    }

    func run() throws {
        let answer: AdminPublished = try options.client.post(
            "/v1/rollback", AdminRollback(version: version, reason: reason, classGroup: group.classGroup))
        try options.show(answer, \.message)
    }
}

/// `portico resume`: publishes the newest compiled configuration again.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Ends a rollback: the newest configuration is published again.")

    @OptionGroup var group: ClassGroupOption
    @OptionGroup var options: AdminOptions

    func run() throws {
        let answer: AdminPublished = try options.client.post(
            "/v1/resume", AdminResume(classGroup: group.classGroup))
        try options.show(answer, \.message)
    }
}
