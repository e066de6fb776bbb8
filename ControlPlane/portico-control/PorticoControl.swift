import ArgumentParser
import CSystem
import ControllerCore
import Glibc
import Logging
import PorticoModel
import PorticoTelemetry
import ProcessSupervision
import RouteCompiler
import SnapshotStore

/// The control plane.
@main struct PorticoControl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portico-control",
        abstract: "Compiles Ingress configuration and keeps the data plane up to date.",
        version: ControlPlane.release)

    @OptionGroup(title: "Where objects come from") var source: SourceOptions

    @Option(help: ArgumentHelp("The Unix socket that the data plane connects to.", valueName: "path"))
    var controlSocket = "/run/portico/control.sock"

    @OptionGroup(title: "Where it is looked at") var front: FrontOptions

    @Option(help: ArgumentHelp("What must outlive a restart.", valueName: "dir"))
    var dataDir = "/var/lib/portico"

    @OptionGroup(title: "What is served") var selection: SelectionOptions

    @OptionGroup(title: "What it does for its cluster") var duties: DutyOptions

    @Option(help: ArgumentHelp("Be ready only when so many workers have applied the configuration.", valueName: "n"))
    var expectedWorkers = 0

    @Option(help: ArgumentHelp("How many versions to keep.", valueName: "n"))
    var snapshotHistory = 100

    @Option(help: ArgumentHelp("Forget versions that are older. (default: keep them)", valueName: "days"))
    var snapshotMaxAge: Double?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    /// A wrong call is one clear line and exit code 2; help goes to standard output with 0.
    static func main() async {
        do {
            let (arguments, notes) = readable(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot(arguments)
            for note in notes { writeLine("portico-control: \(note)", to: STDERR_FILENO) }
            if var command = command as? PorticoControl { try await command.run() } else { try command.run() }
        } catch let error as ControllerStartError {
            fail(error.description)
        } catch  where exitCode(for: error) == .validationFailure {
            fail("\(message(for: error)) (portico-control --help tells more)")
        } catch {
            exit(withError: error)
        }
    }

    /// Arguments that were written for ingress-nginx, as they are parsed here, and what is to be said of them.
    static func readable(_ arguments: [String]) -> (arguments: [String], notes: [String]) {
        let (rest, notes) = FormerFlags.take(arguments)
        let rewritten = GoFlags.normalised(
            rest, off: DutyOptions.flagsThatAreOff.union(SelectionOptions.flagsThatAreOff),
            on: DutyOptions.flagsThatAreOn.union(FrontOptions.flagsThatAreOn))
        return (rewritten, notes)
    }

    private static func fail(_ reason: String) -> Never {
        writeLine("portico-control: \(reason)", to: STDERR_FILENO)
        Glibc.exit(2)
    }

    func validate() throws {
        guard snapshotHistory > 0 else { throw ValidationError("--snapshot-history takes a number above 0") }
        guard expectedWorkers >= 0 else { throw ValidationError("--expected-workers takes a number") }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level was given '\(logLevel)', which is no level")
        }
    }

    mutating func run() async throws {
        // The control plane allocates on few threads at a time, and its memory matters more than their speed.
        portico_limit_heaps(1)
        // A link that ends while it is written to is an error of that link, not of the process.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        let ending = EndingSignals()
        StandardErrorLog.bootstrap(level: Logger.Level(rawValue: logLevel) ?? .info)
        let logger = Logger(label: "portico-control")
        guard let address = front.address else { return }
        let plane = try await ControlPlane(makeConfiguration(address), logger: logger)
        try await plane.start()
        logger.info("serving \(source.description) on \(controlSocket), metrics on \(address)")
        let signal = await ending.wait()
        logger.info("ending on \(signal == SIGINT ? "SIGINT" : "SIGTERM")")
        await plane.stop()
    }

    private func makeConfiguration(_ address: ListenAddress) throws(ControllerStartError) -> ControllerConfiguration {
        var configuration = ControllerConfiguration(
            source: try source.source(configMaps: selection.namedConfigMaps, services: selection.namedServices),
            controlSocket: controlSocket, metricsHost: address.host, metricsPort: address.port, dataDirectory: dataDir)
        configuration.compiler = selection.compilerConfiguration
        // Manifests in a folder seldom come with their IngressClass.
        configuration.compiler.classes.acceptsMissingClassObjects = source.manifests != nil
        configuration.namedClassGroups = selection.namedClassGroups
        configuration.controllerClass = selection.controllerClass.first ?? configuration.controllerClass
        configuration.healthPath = front.healthCheckPath
        configuration.servesMetrics = front.enableMetrics
        configuration.retention = SnapshotRetention(count: snapshotHistory, age: snapshotMaxAge.map { $0 * 86_400 })
        configuration.expectedWorkers = expectedWorkers
        configuration.podName = PorticoControl.environment("POD_NAME")
        configuration.podNamespace = PorticoControl.environment("POD_NAMESPACE")
        if source.manifests == nil {
            configuration.duties = duties.duties(
                podName: configuration.podName, podNamespace: configuration.podNamespace)
        }
        configuration.webhook = duties.webhook
        return configuration
    }

    private static func environment(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
}
