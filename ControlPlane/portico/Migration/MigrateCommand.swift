import ArgumentParser
import ClusterState
import FoundationEssentials
import Glibc
import MigrationCheck
import PorticoModel
import RouteCompiler

/// `portico migrate`: for teams that come from ingress-nginx.
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "What becomes of a cluster that ran ingress-nginx.",
        subcommands: [MigrateCheckCommand.self])
}

/// `portico migrate check`: what of existing objects works as it did, differs or is refused.
struct MigrateCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reads Ingresses and the ConfigMap, and says what becomes of them.",
        discussion:
            "The exit code is 0 where all works as it did, 1 where something differs or is refused, and 2 where "
            + "nothing could be read.")

    @Argument(help: "A folder of manifests; without one, the cluster of the kubeconfig is read.")
    var folder: String?

    @Option(
        help: ArgumentHelp("The kubeconfig of the cluster. (default: $KUBECONFIG or ~/.kube/config)", valueName: "file")
    )
    var kubeconfig: String?

    @Option(
        help: ArgumentHelp(
            "ingress-nginx's ConfigMap. (default: the one of its own manifests)", valueName: "namespace/name"))
    var configmap: String?

    @Option(help: "The class that ingress-nginx served.")
    var ingressClass = "nginx"

    @Option(help: "What stands before the slash of its annotations.")
    var annotationsPrefix = "nginx.ingress.kubernetes.io"

    @Option(help: "For people (text) or programs (json).")
    var output = AdminOptions.Output.text

    func run() throws {
        let read = try folder.map(ObjectReading.folder) ?? ObjectReading.cluster(kubeconfig)
        let report = MigrationCheck(configuration: try compilerConfiguration())
            .report(read.objects, diagnostics: read.diagnostics)
        switch output {
        case .text: print(report.text)
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        }
        if report.verdict != .supported { throw ExitCode(1) }
    }

    private func compilerConfiguration() throws -> CompilerConfiguration {
        var configuration = CompilerConfiguration()
        configuration.classes.ingressClass = ingressClass
        configuration.classes.acceptsMissingClassObjects = true
        configuration.annotationPrefix = annotationsPrefix
        if let configmap {
            let parts = configmap.split(separator: "/").map(String.init)
            guard parts.count == 2 else { throw ValidationError("--configmap must be NAMESPACE/NAME") }
            configuration.configMap = ObjectName(namespace: parts[0], name: parts[1])
        }
        return configuration
    }
}
