import Foundation
import KubernetesAPI
import KubernetesTestServer
import ProcessSupervision

/// `kube-apiserver` and `etcd` from the folder that KUBEBUILDER_ASSETS names, as envtest finds them: started with a
/// folder and ports of their own, killed with the value that stands for them.
package final class RealAPIServer: APIServerUnderTest {
    package static var folderOfPrograms: String? {
        ProcessInfo.processInfo.environment["KUBEBUILDER_ASSETS"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private let folder: TemporaryFolder
    private let certificates = TestCertificates()
    private let address: ListenAddress
    private let etcd: RunningProgram
    private let apiserver: RunningProgram

    /// - Parameter programs: the folder that holds `etcd` and `kube-apiserver`.
    package init(programs: String) async throws {
        folder = try TemporaryFolder()
        address = try FreePort.take()
        let etcdAddress = try FreePort.take()
        etcd = try RealAPIServer.startEtcd("\(programs)/etcd", folder, etcdAddress)
        try RealAPIServer.writeFiles(folder, certificates)
        apiserver = try RunningProgram(
            "\(programs)/kube-apiserver", RealAPIServer.arguments(folder, address, etcd: etcdAddress))
        try await awaitReady()
    }

    package static func startEtcd(
        _ program: String, _ folder: TemporaryFolder, _ address: ListenAddress
    ) throws -> RunningProgram {
        let peer = try FreePort.take()
        return try RunningProgram(
            program,
            [
                "--data-dir", folder("etcd"), "--listen-client-urls", "http://\(address)",
                "--advertise-client-urls", "http://\(address)", "--listen-peer-urls", "http://\(peer)",
                "--initial-advertise-peer-urls", "http://\(peer)", "--initial-cluster", "default=http://\(peer)",
            ])
    }

    private static func writeFiles(_ folder: TemporaryFolder, _ certificates: TestCertificates) throws {
        let serving = certificates.server("apiserver", alternatives: ["IP:127.0.0.1", "DNS:kubernetes.test"])
        let signing = certificates.server("service-accounts", alternatives: ["DNS:unused.test"])
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        try folder.write(text(serving.certificate), to: "tls.crt")
        try folder.write(text(serving.key), to: "tls.key")
        try folder.write(text(certificates.authority), to: "ca.crt")
        try folder.write(text(signing.key), to: "service-accounts.key")
        // Token, user, uid, groups: the users that the server in this process has as well.
        try folder.write("admin,admin,1,system:masters\nuser,user,2\n", to: "tokens.csv")
    }

    private static func arguments(
        _ folder: TemporaryFolder, _ address: ListenAddress, etcd: ListenAddress
    ) -> [String] {
        [
            "--etcd-servers=http://\(etcd)", "--bind-address=\(address.host)", "--secure-port=\(address.port)",
            "--advertise-address=\(address.host)", "--endpoint-reconciler-type=none", "--cert-dir=\(folder("certs"))",
            "--tls-cert-file=\(folder("tls.crt"))", "--tls-private-key-file=\(folder("tls.key"))",
            "--client-ca-file=\(folder("ca.crt"))", "--token-auth-file=\(folder("tokens.csv"))",
            "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=\(folder("service-accounts.key"))",
            "--service-account-signing-key-file=\(folder("service-accounts.key"))",
            "--disable-admission-plugins=ServiceAccount", "--allow-privileged=true",
        ]
    }

    /// The server makes the namespace `default` a moment after it answers.
    private func awaitReady() async throws {
        let client = try adminClient()
        let end = ContinuousClock.now + .seconds(60)
        while (try? await client.get(.namespaces, name: "default")) == nil {
            guard apiserver.poll() == nil, etcd.poll() == nil, ContinuousClock.now < end else {
                throw ConnectionError(
                    description: "kube-apiserver does not come up: \(apiserver.output)\netcd: \(etcd.output)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func connection(token: String) -> ConnectionParameters {
        var parameters = ConnectionParameters(server: "https://\(address)")
        parameters.certificateAuthority = certificates.authority
        parameters.bearerToken = token
        return parameters
    }

    package var admin: ConnectionParameters { connection(token: "admin") }
    package var user: ConnectionParameters { connection(token: "user") }
}

/// What tests run against that need nothing but an API server's real behaviour.
package enum APIServers {
    /// A real one where KUBEBUILDER_ASSETS names its programs, else the one in this process.
    package static func make() async throws -> any APIServerUnderTest {
        guard let programs = RealAPIServer.folderOfPrograms else { return try TestAPIServer.make() }
        return try await RealAPIServer(programs: programs)
    }
}
