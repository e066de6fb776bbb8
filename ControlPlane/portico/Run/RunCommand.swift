import ArgumentParser
import Glibc
import ProcessSupervision

/// `portico run DIR`: the whole gateway on this machine, from a folder of manifests.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Serve a folder of manifests: control plane and proxy on this machine.",
        discussion: """
            The folder is watched: what you change in it is served by the next request. Ctrl-C stops everything.
            """)

    @Argument(help: ArgumentHelp("The folder of manifests, YAML or JSON.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("Where to serve HTTP; repeatable. (default: 127.0.0.1:8080)", valueName: "addr:port"))
    var http: [ListenAddress] = []

    @Option(help: ArgumentHelp("Where to serve HTTPS; repeatable. (default: nowhere)", valueName: "addr:port"))
    var https: [ListenAddress] = []

    @Option(help: ArgumentHelp("Where to serve /metrics, /healthz and /readyz.", valueName: "addr:port"))
    var metrics = ListenAddress(host: "127.0.0.1", port: 10_254)

    @Option(help: ArgumentHelp("What must outlive a restart. (default: a folder of this user)", valueName: "dir"))
    var dataDir: String?

    @Option(help: ArgumentHelp("Proxy workers. (default: one per CPU)", valueName: "n"))
    var workers: Int?

    @Option(help: ArgumentHelp("The IngressClass to serve.", valueName: "name"))
    var ingressClass: String?

    @Option(help: ArgumentHelp("The ConfigMap with settings for all hosts.", valueName: "namespace/name"))
    var configmap: String?

    @Option(help: ArgumentHelp("The ConfigMap of TCP services, by port.", valueName: "namespace/name"))
    var tcpServicesConfigmap: String?

    @Option(help: ArgumentHelp("The ConfigMap of UDP services, by port.", valueName: "namespace/name"))
    var udpServicesConfigmap: String?

    @Option(
        help: ArgumentHelp(
            "The Service that answers what no Ingress takes, and makes pages of errors.", valueName: "namespace/name"))
    var defaultBackendService: String?

    @Option(
        help: ArgumentHelp(
            "The Secret with the certificate of hosts that have none. (default: one made at start)",
            valueName: "namespace/name"))
    var defaultSslCertificate: String?

    @Option(
        help: ArgumentHelp(
            "The Secret whose entry 'seed' the keys of session tickets are derived from, alike in every replica.",
            valueName: "namespace/name"))
    var ticketSeedSecret: String?

    @Flag(help: "Let Ingresses ask that connections go through as they are, by ssl-passthrough.")
    var enableSslPassthrough = false

    @Option(help: ArgumentHelp("The folder with MaxMind's databases of addresses.", valueName: "dir"))
    var geoipDatabaseDir: String?

    @Option(help: .hidden)
    var companion: [String] = []

    func validate() throws {
        if let workers, !(1...256).contains(workers) { throw ValidationError("--workers takes a number from 1 to 256") }
        if let configmap, configmap.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--configmap takes NAMESPACE/NAME, and was given '\(configmap)'")
        }
        if let name = defaultSslCertificate, name.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--default-ssl-certificate takes NAMESPACE/NAME, and was given '\(name)'")
        }
        if let name = ticketSeedSecret, name.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--ticket-seed-secret takes NAMESPACE/NAME, and was given '\(name)'")
        }
    }

    func run() throws {
        let status = try Gateway(plan: plan()).run()
        if status != 0 { throw ExitCode(status) }
    }

    /// Everything that can be known to be wrong before a process is started.
    private func plan() throws(CommandFailure) -> RunPlan {
        guard let path = realPath(folder) else { throw CommandFailure.unusable("the folder \(folder) does not exist") }
        guard isFolder(path) else { throw CommandFailure.unusable("\(folder) is not a folder") }
        let addresses = http.isEmpty ? [ListenAddress(host: "127.0.0.1", port: 8_080)] : http
        for address in addresses + https + [metrics] {
            do { try ListeningSocket.check(address) } catch { throw CommandFailure.unusable(error.description) }
        }
        let directory = dataDir ?? DataDirectory.standard
        let claim = try DataDirectory.claim(directory)
        guard let data = realPath(directory) else {
            throw CommandFailure.unusable("the data directory \(directory) is gone")
        }
        // Clients come to the proxy's own ports, and so redirects name them.
        var control = ["--redirects-name-ports"]
        if let port = addresses.first?.port { control += ["--http-port", "\(port)"] }
        if let port = https.first?.port { control += ["--https-port", "\(port)"] }
        control += ["--manifests", path, "--control-socket", "\(data)/control.sock", "--metrics", "\(metrics)"]
        control += ["--data-dir", data, "--expected-workers", "\(workerCount)"]
        if let ingressClass { control += ["--ingress-class", ingressClass] }
        if let configmap { control += ["--configmap", configmap] }
        if let tcpServicesConfigmap { control += ["--tcp-services-configmap", tcpServicesConfigmap] }
        if let udpServicesConfigmap { control += ["--udp-services-configmap", udpServicesConfigmap] }
        if let defaultBackendService { control += ["--default-backend-service", defaultBackendService] }
        if let defaultSslCertificate { control += ["--default-ssl-certificate", defaultSslCertificate] }
        if let ticketSeedSecret { control += ["--ticket-seed-secret", ticketSeedSecret] }
        if enableSslPassthrough { control.append("--enable-ssl-passthrough") }
        var proxy = ["--control-socket", "\(data)/control.sock", "--workers", "\(workerCount)"]
        for address in addresses { proxy += ["--http", "\(address)"] }
        for address in https { proxy += ["--https", "\(address)"] }
        if let geoipDatabaseDir { proxy += ["--geoip-database-dir", geoipDatabaseDir] }
        return RunPlan(
            folder: folder, http: addresses, https: https, metrics: metrics, dataDirectory: data, claim: claim,
            controlArguments: control, proxyArguments: proxy,
            companions: companion.map { $0.split(separator: " ").map(String.init) })
    }

    private var workerCount: Int { workers ?? availableProcessors() }
}

extension ListenAddress: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }

    package var defaultValueDescription: String { description }
}

/// What `portico run` starts, all of it checked.
struct RunPlan {
    let folder: String
    let http: [ListenAddress]
    let https: [ListenAddress]
    let metrics: ListenAddress
    let dataDirectory: String
    /// Held for as long as the gateway runs.
    let claim: FolderLock
    let controlArguments: [String]
    let proxyArguments: [String]
    /// Further programs that live and die with the gateway, as words.
    let companions: [[String]]
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
