import Foundation

/// The program goes by its name: as `kube-apiserver` it takes that one's flags.
@main enum TestAPIServerEntry {
    static func main() throws {
        let name = CommandLine.arguments.first?.split(separator: "/").last
        guard name == "kube-apiserver" else { return TestAPIServerProgram.main() }
        try StandInAPIServer(arguments: Array(CommandLine.arguments.dropFirst())).run()
    }
}
