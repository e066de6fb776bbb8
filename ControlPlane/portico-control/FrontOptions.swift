import ArgumentParser
import PorticoModel
import ProcessSupervision

/// Where health and metrics are served; the flags but the first are ingress-nginx's.
struct FrontOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where to serve /metrics, /healthz and /readyz. (default: 0.0.0.0:10254)", valueName: "addr:port"))
    var metrics: String?

    @Option(help: ArgumentHelp("The address of --metrics, where that is not given.", valueName: "addr"))
    var healthzHost: String?

    @Option(help: ArgumentHelp("The port of --metrics, where that is not given.", valueName: "port"))
    var healthzPort: UInt16?

    @Option(help: ArgumentHelp("Answers as /healthz does.", valueName: "path"))
    var healthCheckPath = "/healthz"

    @Flag(inversion: .prefixedNo, help: "Serve /metrics.")
    var enableMetrics = true

    /// The flags that Go's users write with `=true` and `=false`.
    static let flagsThatAreOn: Set<String> = ["enable-metrics"]

    private static let everyAddress = "0.0.0.0"
    private static let usualPort: UInt16 = 10_254

    func validate() throws {
        if let metrics {
            guard healthzHost == nil, healthzPort == nil else {
                throw ValidationError("--metrics and --healthz-host or --healthz-port exclude each other")
            }
            guard ListenAddress(metrics) != nil else {
                throw ValidationError("--metrics takes ADDR:PORT with a numeric address, and was given '\(metrics)'")
            }
        } else if address == nil {
            throw ValidationError("--healthz-host takes a numeric address, and was given '\(healthzHost ?? "")'")
        }
        let others = ["/metrics", "/readyz"]
        guard healthCheckPath.hasPrefix("/"), !healthCheckPath.contains("*"), !others.contains(healthCheckPath) else {
            throw ValidationError(
                "--health-check-path takes a path other than \(others.joined(separator: " and ")), and was given "
                    + "'\(healthCheckPath)'")
        }
    }

    /// Nil where a flag says something else than an address.
    var address: ListenAddress? {
        if let metrics { return ListenAddress(metrics) }
        var host = healthzHost.flatMap { $0.isEmpty ? nil : $0 } ?? FrontOptions.everyAddress
        if host.contains(":"), !host.hasPrefix("[") { host = "[\(host)]" }
        return ListenAddress("\(host):\(healthzPort ?? FrontOptions.usualPort)")
    }
}
