import Foundation
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// A gateway with TLS, and the clients of the system that talk with it.
final class TLSGateway {
    let gateway: TestGateway
    let certificates = TestCertificates()
    private let folder: TemporaryFolder
    private let settingsName = "settings"

    var https: ListenAddress { gateway.https }
    /// The authority's certificate, for clients.
    var authority: String { folder("authority.pem") }

    /// - Parameters:
    ///   - hosts: each with an Ingress of its own and a certificate for it; all go to `backend`.
    ///   - settings: entries of the ConfigMap.
    init(
        workers: Int = 1, hosts: [String], annotations: [String: String] = [:], settings: [String: String] = [:],
        backend: ListenAddress, arguments: [String] = []
    ) throws {
        folder = try TemporaryFolder()
        try folder.write(String(decoding: certificates.authority, as: UTF8.self), to: "authority.pem")
        var files = [
            "service.yaml": Manifests.service("shop", at: [backend]),
            "settings.yaml": Self.settings(settings),
            "fallback.yaml": Self.secret("fallback", certificates.server("fallback", alternatives: ["DNS:fallback"])),
        ]
        for (index, host) in hosts.enumerated() {
            let pair = certificates.server(host, alternatives: ["DNS:\(host)"])
            files["host-\(index).yaml"] =
                Self.ingress("host-\(index)", host: host, annotations) + Self.secret("host-\(index)", pair)
        }
        gateway = try TestGateway(
            workers: workers, files: files, servesTLS: true,
            arguments: [
                "--configmap", "default/settings", "--default-ssl-certificate", "default/fallback",
            ] + arguments)
    }

    // MARK: Manifests

    /// Replaces the settings, and waits until every worker has them.
    func change(settings: [String: String], until what: String, _ condition: () throws -> Bool) rethrows {
        try? gateway.write(Self.settings(settings), to: "settings.yaml")
        try eventually(what, condition)
    }

    static func settings(_ entries: [String: String]) -> String {
        let lines = entries.sorted { $0.key < $1.key }.map { "  \($0.key): \"\($0.value)\"" }
        return """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings, namespace: default}
            data:\(lines.isEmpty ? " {}" : "\n" + lines.joined(separator: "\n"))

            """
    }

    static func secret(_ name: String, _ pair: TestCertificates.Pair) -> String {
        """
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: \(name), namespace: default}
        type: kubernetes.io/tls
        data:
          tls.crt: \(Data(pair.certificate).base64EncodedString())
          tls.key: \(Data(pair.key).base64EncodedString())

        """
    }

    /// An Ingress whose host has the certificate of the Secret of its name.
    static func ingress(_ name: String, host: String, _ annotations: [String: String] = [:]) -> String {
        Manifests.ingress(name, host: host, service: "shop", annotations: annotations)
            + "  tls: [{hosts: [\"\(host)\"], secretName: \(name)}]\n"
    }

    // MARK: Clients

    /// What `openssl s_client` says when its input is at an end.
    func handshake(_ arguments: String..., name: String?) throws -> String {
        try client(arguments, name: name, command: "openssl s_client \"$@\" </dev/null")
    }

    /// - Parameter command: of the shell, which gets the arguments of `openssl s_client` as its own.
    func client(_ arguments: [String], name: String?, command: String) throws -> String {
        let names = name.map { ["-servername", $0] } ?? ["-noservername"]
        return try RunningProgram.run(
            "/bin/bash",
            ["-c", command, "bash", "-connect", "\(https)", "-CAfile", authority] + names + arguments
        ).output
    }

    /// The common name of the certificate that is shown for `name`.
    func commonName(for name: String?) throws -> String? {
        let lines = try handshake(name: name).split(separator: "\n")
        return lines.first { $0.hasPrefix("subject=") }?.split(separator: "=").last.map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    /// Status line and fields of one request of curl's.
    func curl(_ url: String, _ arguments: String...) throws -> String { try curl(url, arguments) }

    func curl(_ url: String, _ arguments: [String]) throws -> String {
        guard let host = url.split(separator: "/").dropFirst().first?.split(separator: ":").first else { return "" }
        let output = try RunningProgram.run(
            "/usr/bin/curl",
            [
                "-sS", "-o", "/dev/null", "-D", "-", "--max-time", "10", "--cacert", authority, "--connect-to",
                "\(host):443:\(https)", "--connect-to", "\(host):80:\(gateway.http)",
            ] + arguments + [url]
        ).output
        return output.replacingOccurrences(of: "\r\n", with: "\n")
    }

    /// One of `Tests/Clients`, running.
    func client(_ script: String, _ arguments: String...) throws -> RunningProgram {
        try RunningProgram("/usr/bin/python3", ["-B", Self.script(script)] + arguments)
    }

    static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Clients/\(name)").path
    }
}
