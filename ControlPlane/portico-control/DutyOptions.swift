import ArgumentParser
import ControllerCore
import Glibc
import IngressStatus
import Leadership
import PorticoModel
import ProcessSupervision

/// What a replica does for its cluster; the flags are ingress-nginx's.
struct DutyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The Lease that replicas elect their leader with.", valueName: "name"))
    var electionId = "ingress-nginx-leader"

    @Option(
        help: ArgumentHelp(
            "A Lease that nobody renewed for so long is taken. The leader gives up after two thirds of it.",
            valueName: "duration"))
    var electionTtl = GoDuration(seconds: 15)

    @Flag(help: "Be the only replica, and always lead.")
    var disableLeaderElection = false

    @Flag(inversion: .prefixedNo, help: "Write the addresses of the data plane to the status of Ingresses.")
    var updateStatus = true

    @Flag(inversion: .prefixedNo, help: "Take them out again when the last replica ends.")
    var updateStatusOnShutdown = true

    @Option(help: ArgumentHelp("Look for other addresses so often.", valueName: "seconds"))
    var statusUpdateInterval = 60

    @Option(help: ArgumentHelp("Addresses for the status, with commas between them.", valueName: "addresses"))
    var publishStatusAddress: String?

    @Option(
        help: ArgumentHelp(
            "The Service whose addresses are those for the status. (default: the nodes of the pods)",
            valueName: "namespace/name"))
    var publishService: NamespacedName?

    @Flag(help: "Of nodes, take the internal addresses.")
    var reportNodeInternalIpAddress = false

    @Flag(help: "Write no Event when an Ingress is served for the first time.")
    var disableSyncEvents = false

    @Option(help: ArgumentHelp("Where to review Ingresses for the API server, over TLS.", valueName: "addr:port"))
    var validatingWebhook: String?

    @Option(help: ArgumentHelp("The webhook's certificate, in PEM; it may change.", valueName: "file"))
    var validatingWebhookCertificate = "/usr/local/certificates/cert"

    @Option(help: ArgumentHelp("The webhook's key, in PEM; it may change.", valueName: "file"))
    var validatingWebhookKey = "/usr/local/certificates/key"

    /// The flags that Go's users write with `=true` and `=false`.
    static let flagsThatAreOff: Set<String> = [
        "disable-leader-election", "report-node-internal-ip-address", "disable-sync-events",
    ]
    static let flagsThatAreOn: Set<String> = ["update-status", "update-status-on-shutdown"]

    func validate() throws {
        guard electionTtl.seconds >= 1 else { throw ValidationError("--election-ttl takes a second or more") }
        guard statusUpdateInterval > 0 else {
            throw ValidationError("--status-update-interval takes a number above 0")
        }
        if let validatingWebhook, webhookAddress == nil {
            throw ValidationError(
                "--validating-webhook takes ADDR:PORT with a numeric address, and was given '\(validatingWebhook)'")
        }
    }

    var webhook: WebhookConfiguration? {
        webhookAddress.map {
            WebhookConfiguration(
                address: $0, certificate: validatingWebhookCertificate, key: validatingWebhookKey)
        }
    }

    /// `:8443` stands for every address, as in Go.
    private var webhookAddress: ListenAddress? {
        validatingWebhook.flatMap { ListenAddress($0.hasPrefix(":") ? "0.0.0.0" + $0 : $0) }
    }

    /// - Parameters:
    ///   - podName: empty outside of a pod.
    ///   - podNamespace: the same.
    func duties(podName: String, podNamespace: String) -> DutiesConfiguration {
        var duties = DutiesConfiguration()
        let namespace = podNamespace.isEmpty ? "default" : podNamespace
        if !disableLeaderElection {
            duties.election = DutiesConfiguration.Election(
                lease: ObjectName(namespace: namespace, name: electionId),
                timing: electionTtl.seconds == 15 ? .standard : LeaseTiming(seconds: electionTtl.seconds),
                identity: podName.isEmpty ? DutyOptions.identityOfProcess() : podName)
        }
        let pod = podName.isEmpty ? nil : ObjectName(namespace: namespace, name: podName)
        duties.status = updateStatus ? status(pod: pod) : nil
        duties.tellsFirstSync = !disableSyncEvents
        return duties
    }

    /// Nil where nothing says which addresses there are: outside of a pod, that takes a flag.
    private func status(pod: ObjectName?) -> DutiesConfiguration.Status? {
        var status: DutiesConfiguration.Status
        if let publishStatusAddress {
            status = .init(origin: .fixed(StatusAddresses.fixed(publishStatusAddress)))
        } else if let publishService {
            status = .init(origin: .service(publishService.name))
        } else if let pod {
            status = .init(origin: .nodes(pod: pod, internalOnly: reportNodeInternalIpAddress))
        } else {
            return nil
        }
        status.writer.interval = .seconds(statusUpdateInterval)
        status.writer.retractsOnShutdown = updateStatusOnShutdown
        status.writer.pod = pod
        return status
    }

    private static func identityOfProcess() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let random = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
        return "\(host)_\(random)"
    }
}

/// A length of time as Go writes it: `15s`, `1m30s`, `1h`. Parts of a second are dropped.
struct GoDuration: ExpressibleByArgument, CustomStringConvertible {
    var seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    init?(argument: String) {
        var total = 0.0
        var rest = Substring(argument)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let length = GoDuration.units[String(unit)] else { return nil }
            total += number * length
        }
        guard total < 86_400 * 365 else { return nil }
        seconds = Int(total)
    }

    private static let units = ["h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000_001, "µs": 0.000_001]

    var description: String { "\(seconds)s" }

    var defaultValueDescription: String { description }
}
