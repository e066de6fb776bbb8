import ArgumentParser
import PorticoModel

/// `portico snapshots`.
struct SnapshotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots", abstract: "The versions of the configuration.",
        subcommands: [List.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the stored versions, newest first.")

        @OptionGroup var group: ClassGroupOption
        @OptionGroup var options: AdminOptions

        func run() throws {
            var answer: AdminSnapshots = try options.client.get("/v1/snapshots")
            if let name = group.classGroup {
                let known = Set(answer.snapshots.map(\.classGroup))
                guard known.contains(name) else {
                    let names = known.sorted().map { "'\($0)'" }.joined(separator: ", ")
                    throw CommandFailure(
                        message: "there are no versions of a class group '\(name)', only of \(names)", exitCode: 1)
                }
                answer.snapshots.removeAll { $0.classGroup != name }
            }
            try options.show(answer, render)
        }

        private func render(_ answer: AdminSnapshots) -> String {
            var table = TextTable(["VERSION", "GROUP", "TIME", "STATE", "ACKS", "NACKS", "DIGEST", "CAUSE"])
            for snapshot in answer.snapshots {
                table.append([
                    snapshot.version, snapshot.classGroup, snapshot.time, state(of: snapshot),
                    String(snapshot.acknowledged),
                    String(snapshot.rejected), String(snapshot.digest.prefix(12)), snapshot.cause,
                ])
            }
            return table.text
        }

        private func state(of snapshot: AdminSnapshot) -> String {
            var words: [String] = []
            if snapshot.running { words.append("running") }
            if snapshot.pinned { words.append("pinned") }
            if let restored = snapshot.restores { words.append("restores \(restored)") }
            if !snapshot.published { words.append("held back") }
            return words.isEmpty ? "-" : words.joined(separator: ", ")
        }
    }
}
