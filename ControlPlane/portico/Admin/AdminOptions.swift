import ArgumentParser
import FoundationEssentials

/// How a command finds the control plane and prints its answer.
struct AdminOptions: ParsableArguments {
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(help: "The data directory of the control plane; its admin socket lies there.")
    var dataDir: String?

    @Option(help: "The admin socket, if it is not in the data directory.")
    var adminSocket: String?

    @Option(help: "For people (text) or programs (json).")
    var output = Output.text

    var client: AdminClient {
        AdminClient(socketPath: adminSocket ?? "\(dataDir ?? DataDirectory.standard)/admin.sock")
    }

    /// Prints the answer as JSON, or the text that `render` makes of it.
    func show<Answer: Encodable>(_ answer: Answer, _ render: (Answer) -> String) throws {
        switch output {
        case .text:
            print(render(answer))
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(answer), as: UTF8.self))
        }
    }
}

/// The class group that a command is about.
struct ClassGroupOption: ParsableArguments {
    @Option(help: ArgumentHelp("The class group, where there is more than one.", valueName: "name"))
    var classGroup: String?
}
