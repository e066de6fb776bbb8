import ClusterState
import FoundationEssentials
import Glibc

/// Credentials from a program, as the kubeconfig's `exec` names it (client.authentication.k8s.io).
///
/// They are kept until they expire or the API server refuses them; several requests wait for one run of the program.
actor ExecCredentials {
    private struct Credentials {
        var token: String?
        var certificate: [UInt8]?
        var key: [UInt8]?
        /// Seconds since 1970; nil for credentials without an end.
        var expiresAt: Double?
    }

    private static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
    private static let runSeconds = 60.0
    /// So long before their end, credentials count as expired.
    private static let expirySlackSeconds = 10.0

    private nonisolated let command: String
    private nonisolated let arguments: [String]
    private nonisolated let environment: [String: String]
    private nonisolated let apiVersion: String
    private nonisolated let installHint: String?
    private var credentials: Credentials?
    private var run: Task<Result<Credentials, APIError>, Never>?

    /// - Returns: nil where the user has no such program.
    init?(
        _ user: Kubeconfig.Entry, cluster: Kubeconfig.Entry, server: String
    ) throws(ConnectionConfigurationError) {
        guard let node = user.node["exec"] else { return nil }
        let exec = Kubeconfig.Entry(node: node, file: user.file, field: user.field + ".exec")
        guard let command = try exec.text("command") else { throw exec.fault("command", "is required") }
        guard let version = try exec.text("apiVersion") else { throw exec.fault("apiVersion", "is required") }
        guard ExecCredentials.apiVersions.contains(version) else {
            throw exec.fault(
                "apiVersion", "must be \(ExecCredentials.apiVersions.joined(separator: " or ")), not '\(version)'")
        }
        if try exec.text("interactiveMode") == "Always" {
            throw exec.fault("interactiveMode", "Always cannot be met: nobody sits before this program")
        }
        let isRelative = command.contains("/") && !command.hasPrefix("/")
        self.command = isRelative ? "\(exec.folder)/\(command)" : command
        apiVersion = version
        installHint = try exec.text("installHint")
        arguments = try ExecCredentials.arguments(exec)
        var environment = try ExecCredentials.environment(exec)
        let info = try ExecCredentials.info(exec, cluster: cluster, server: server, version)
        environment["KUBERNETES_EXEC_INFO"] = info.json
        self.environment = environment
    }

    private static func arguments(_ exec: Kubeconfig.Entry) throws(ConnectionConfigurationError) -> [String] {
        var arguments: [String] = []
        for (index, node) in (exec.node["args"]?.list ?? []).enumerated() {
            guard let text = node.string else { throw exec.fault("args[\(index)]", "must be a string") }
            arguments.append(text)
        }
        return arguments
    }

    private static func environment(_ exec: Kubeconfig.Entry) throws(ConnectionConfigurationError) -> [String: String] {
        var environment: [String: String] = [:]
        for (index, node) in (exec.node["env"]?.list ?? []).enumerated() {
            guard let name = node["name"]?.string, let value = node["value"]?.string else {
                throw exec.fault("env[\(index)]", "must have a name and a value that are strings")
            }
            environment[name] = value
        }
        return environment
    }

    private static func info(
        _ exec: Kubeconfig.Entry, cluster: Kubeconfig.Entry, server: String, _ version: String
    ) throws(ConnectionConfigurationError) -> ObjectNode {
        var info: ObjectNode = [
            "apiVersion": .text(version), "kind": "ExecCredential", "spec": ["interactive": false],
        ]
        guard try exec.bool("provideClusterInfo") else { return info }
        info.set("spec", "cluster", "server", to: .text(server))
        for key in ["tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url"] {
            if let value = cluster.node[key] { info.set("spec", "cluster", key, to: value) }
        }
        for item in cluster.node["extensions"]?.list ?? []
        where item["name"]?.string == "client.authentication.k8s.io/exec" {
            info.set("spec", "cluster", "config", to: item["extension"])
        }
        return info
    }

    // MARK: Use

    func apply(to parameters: inout ConnectionParameters) async throws(APIError) {
        let found = try await current()
        if let token = found.token { parameters.bearerToken = token }
        if let certificate = found.certificate {
            parameters.clientCertificate = certificate
            parameters.clientKey = found.key
        }
    }

    /// - Returns: whether the program may give others than the refused ones.
    func refuse(_ parameters: ConnectionParameters) -> Bool {
        if credentials?.token == parameters.bearerToken || credentials?.certificate == parameters.clientCertificate {
            credentials = nil
        }
        return true
    }

    private func current() async throws(APIError) -> Credentials {
        if let credentials, !isExpired(credentials) { return credentials }
        let task = run ?? Task { await self.runOnce() }
        run = task
        let result = await task.value
        run = nil
        credentials = try? result.get()
        return try result.get()
    }

    private func isExpired(_ credentials: Credentials) -> Bool {
        guard let end = credentials.expiresAt else { return false }
        return Date().timeIntervalSince1970 > end - ExecCredentials.expirySlackSeconds
    }

    private nonisolated func runOnce() async -> Result<Credentials, APIError> {
        do throws(APIError) {
            let program = HelperProgram(command: command, arguments: arguments, environment: environment)
            return .success(try decode(await program.output(within: ExecCredentials.runSeconds)))
        } catch {
            let hint = installHint.map { ". \($0)" } ?? ""
            return .failure(.credentials("the credential plugin \(command): \(error)\(hint)"))
        }
    }

    private nonisolated func decode(_ output: [UInt8]) throws(APIError) -> Credentials {
        let node: ObjectNode
        do throws(DocumentFault) { node = try JSONReader.read(output) } catch {
            throw .credentials("its output is no JSON: \(error.reason)")
        }
        guard node["kind"]?.string == "ExecCredential", node["apiVersion"]?.string == apiVersion else {
            throw .credentials("its output is no ExecCredential of \(apiVersion)")
        }
        guard let status = node["status"] else { throw .credentials("its output has no status") }
        var credentials = Credentials(token: status["token"]?.string)
        credentials.certificate = status["clientCertificateData"]?.string.map { Array($0.utf8) }
        credentials.key = status["clientKeyData"]?.string.map { Array($0.utf8) }
        guard (credentials.certificate == nil) == (credentials.key == nil) else {
            throw .credentials("its output has clientCertificateData or clientKeyData, not both")
        }
        guard credentials.token?.isEmpty == false || credentials.certificate != nil else {
            throw .credentials("its output has neither a token nor a certificate")
        }
        if let end = status["expirationTimestamp"]?.string {
            guard let date = try? Date(end, strategy: .iso8601) else {
                throw .credentials("status.expirationTimestamp '\(end)' is no time")
            }
            credentials.expiresAt = date.timeIntervalSince1970
        }
        return credentials
    }
}
