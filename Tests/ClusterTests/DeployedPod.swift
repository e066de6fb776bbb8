import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// The containers of deploy/manifests as processes, with the arguments that stand there.
///
/// Paths lie in a folder of the test, and every address is a free one of this machine.
final class DeployedPod {
    private let folder: TemporaryFolder
    private var ports: [UInt16: UInt16] = [:]
    private var programs: [RunningProgram] = []
    private var probes: [(path: String, port: UInt16)] = []

    /// - Parameter deployments: the deployment and patches of it; what comes later says more of the same container.
    init(_ deployments: [ObjectNode], server: TestAPIServer) throws {
        folder = try TemporaryFolder()
        try folder.write(server.kubeconfig(), to: "kubeconfig")
        for name in ["run", "data"] { _ = try folder.makeFolder(name) }
        try makeCertificate()
        var arguments: [(program: String, words: [String])] = []
        for container in deployments[0].at("spec", "template", "spec", "containers")?.list ?? [] {
            let name = container["name"]?.string ?? ""
            let forms = deployments.compactMap { deployment in
                deployment.at("spec", "template", "spec", "containers")?.list?.first { $0["name"]?.string == name }
            }
            let words = (forms.last { $0["args"] != nil }?["args"]?.list ?? []).compactMap(\.string)
            let path = container["command"]?.list?.first?.string ?? ""
            arguments.append((String(path.split(separator: "/").last ?? ""), try words.map(place)))
            try addProbe(container)
        }
        for (program, words) in arguments { try start(program, words) }
    }

    private func start(_ program: String, _ words: [String]) throws {
        let own = program == "portico-control" ? ["--kubeconfig", folder("kubeconfig")] : []
        let command = ["POD_NAME=portico-0", "POD_NAMESPACE=portico", RunningProgram.path(of: program)]
        programs.append(try RunningProgram("/usr/bin/env", command + words + own))
    }

    /// An argument as the kubelet gives it, and with paths and addresses of this machine.
    private func place(_ argument: String) throws -> String {
        var argument = argument.replacing("$(POD_NAMESPACE)", with: "portico")
            .replacing("/run/portico", with: folder("run")).replacing("/var/lib/portico", with: folder("data"))
            .replacing("/etc/portico/admission", with: folder.path)
        if let found = argument.firstRange(of: "=0.0.0.0:"), let port = UInt16(argument[found.upperBound...]) {
            argument = argument[..<found.lowerBound] + "=127.0.0.1:\(try self.port(port))"
        }
        return argument
    }

    /// The one that stands for a port of the pod.
    private func port(_ port: UInt16) throws -> UInt16 {
        if let known = ports[port] { return known }
        let taken = try FreePort.take().port
        ports[port] = taken
        return taken
    }

    private func addProbe(_ container: ObjectNode) throws {
        for kind in ["livenessProbe", "readinessProbe"] {
            let probe = container.at(kind, "httpGet")
            let named = container["ports"]?.list?.first { $0["name"]?.string == probe?["port"]?.string }
            guard let path = probe?["path"]?.string, let number = named?["containerPort"]?.int else { continue }
            probes.append((path, try port(UInt16(number))))
        }
    }

    private func makeCertificate() throws {
        _ = try RunningProgram.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=portico", "-addext", "subjectAltName=DNS:portico-admission.portico.svc", "-keyout",
                folder("tls.key"), "-out", folder("tls.crt"),
            ])
    }

    var output: String { programs.map(\.output).joined(separator: "\n") }

    /// All four probes are answered, of which there must be that many.
    var isReady: Bool {
        probes.count == 4
            && probes.allSatisfy { probe in
                (try? get(probe.path, from: ListenAddress(host: "127.0.0.1", port: probe.port)))?.status == 200
            }
    }

    /// The body of an answer to curl; nil where there is none.
    func request(_ scheme: String, port: UInt16, host: String = "shop.test", path: String = "/") throws -> String? {
        guard let own = ports[port] else { return nil }
        let (end, output) = try RunningProgram.run(
            "/usr/bin/curl",
            ["-sk", "--max-time", "5", "--resolve", "\(host):\(own):127.0.0.1", "\(scheme)://\(host):\(own)\(path)"])
        return end == .code(0) ? output : nil
    }

    /// As the kubelet ends a pod.
    func end() async -> [ProcessEnd?] {
        for program in programs { program.send(SIGTERM) }
        await comesTrue("both have ended") { programs.allSatisfy { $0.poll() != nil } }
        return programs.map { $0.poll() }
    }
}
