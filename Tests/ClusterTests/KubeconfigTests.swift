import Foundation
import KubernetesAPI
import KubernetesTestServer
import Synchronization
import TestSupport
import Testing

@Suite struct KubeconfigTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func parameters(_ text: String, context: String? = nil) async throws -> ConnectionParameters {
        try folder.write(text, to: "config")
        return try await KubeconfigConnection(Kubeconfig(file: folder("config")), context: context).parameters()
    }

    private func config(cluster: String = "server: 'https://a:1'", user: String = "{}") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - {name: main, context: {cluster: one, user: me, namespace: shop}}
        - {name: other, context: {cluster: two, user: me}}
        clusters:
        - {name: one, cluster: {\(cluster)}}
        - {name: two, cluster: {server: 'https://b:2/path/'}}
        users:
        - {name: me, user: \(user)}
        """
    }

    @Test func `The current context counts, or the one that is asked for`() async throws {
        #expect(try await parameters(config()).server == "https://a:1")
        #expect(try await parameters(config(), context: "other").server == "https://b:2/path")
    }

    @Test func `Files are looked for beside the kubeconfig, and read again when they change`() async throws {
        try folder.write("first\n", to: "token")
        try folder.write("PEM", to: "ca.crt")
        try folder.write(
            config(cluster: "server: 'https://a:1', certificate-authority: ca.crt", user: "{tokenFile: token}"),
            to: "config")
        let connection = try KubeconfigConnection(Kubeconfig(file: folder("config")))
        var found = try await connection.parameters()
        #expect(found.bearerToken == "first")
        #expect(found.certificateAuthority == Array("PEM".utf8))
        try folder.write("second, longer\n", to: "token")
        found = try await connection.parameters()
        #expect(found.bearerToken == "second, longer")
    }

    @Test func `Data in place goes before a file, and is base64`() async throws {
        let cluster =
            "server: 'https://a:1', tls-server-name: k.test, proxy-url: 'http://p:3', "
            + "certificate-authority-data: UEVN, certificate-authority: missing"
        let found = try await parameters(
            config(cluster: cluster, user: "{client-certificate-data: Qw==, client-key-data: Sw==, token: t}"))
        #expect(found.certificateAuthority == Array("PEM".utf8))
        #expect(found.clientCertificate == [UInt8(ascii: "C")])
        #expect(found.clientKey == [UInt8(ascii: "K")])
        #expect(found.tlsServerName == "k.test")
        #expect(found.proxyURL == "http://p:3")
        #expect(found.bearerToken == "t")
    }

    @Test(arguments: [
        ("server: 1", "{}", "clusters[0].cluster.server: must be a string, not the number 1"),
        ("server: 'ftp://x'", "{}", "clusters[0].cluster.server: must be as https://host:port, not 'ftp://x'"),
        ("proxy-url: x", "{}", "clusters[0].cluster.server: is required"),
        ("server: 'https://a'", "{client-certificate: gone, client-key: gone}", "users[0].user.client-certificate:"),
        ("server: 'https://a'", "{client-certificate-data: '%'}", "client-certificate-data: must be base64"),
        (
            "server: 'https://a'", "{client-key-data: Sw==}",
            "users[0].user.client-key: client-certificate and client-key"
        ),
        ("server: 'https://a'", "{exec: {command: x, apiVersion: v9}}", "users[0].user.exec.apiVersion: must be"),
        ("server: 'https://a'", "{exec: {apiVersion: v9}}", "users[0].user.exec.command: is required"),
        (
            "server: 'https://a', insecure-skip-tls-verify: true, certificate-authority-data: UEVN", "{}",
            "insecure-skip-tls-verify: cannot be true together"
        ),
    ])
    func `What is wrong is named by file and field`(_ cluster: String, _ user: String, _ expected: String) async {
        let error = await #expect(throws: ConnectionConfigurationError.self) {
            try await parameters(config(cluster: cluster, user: user))
        }
        #expect(error?.description.contains(folder("config")) == true)
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func `Of several files the first that says something counts`() async throws {
        try folder.write("kind: Config\ncurrent-context: other\n", to: "first")
        try folder.write(config(), to: "second")
        let list = "\(folder("missing")):\(folder("first")):\(folder("second"))"
        #expect(try await KubeconfigConnection(Kubeconfig(list: list)).parameters().server == "https://b:2/path")
        #expect(throws: ConnectionConfigurationError.self) { try Kubeconfig(list: folder("missing")) }
    }

    @Test func `A pod uses its service account, whose token is renewed`() async throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        try folder.write("one", to: "token")
        try folder.write("PEM", to: "ca.crt")
        let pod = try #require(InClusterConnection(folder: folder.path) { environment[$0] })
        let first = try await pod.parameters()
        #expect(first.server == "https://[fd00::1]:443")
        try folder.write("renewed", to: "token")
        #expect(await pod.refuse(first))
        #expect(try await pod.parameters().bearerToken == "renewed")
        #expect(InClusterConnection(folder: folder.path) { _ in nil } == nil)
    }

    // MARK: Plugins

    private func plugin(_ script: String, version: String = "v1") throws -> KubeconfigConnection {
        try folder.write("#!/bin/sh\n\(script)\n", to: "plugin")
        chmod(folder("plugin"), 0o755)
        let exec =
            "{command: ./plugin, apiVersion: client.authentication.k8s.io/\(version), args: [a], provideClusterInfo: true}"
        try folder.write(config(user: "{exec: \(exec)}"), to: "config")
        return try KubeconfigConnection(Kubeconfig(file: folder("config")))
    }

    private func credential(_ status: String, version: String = "v1") -> String {
        #"{"apiVersion":"client.authentication.k8s.io/\#(version)","kind":"ExecCredential","status":{\#(status)}}"#
    }

    @Test(arguments: ["v1", "v1beta1"])
    func `A plugin's credentials are kept until they expire or are refused`(_ version: String) async throws {
        let answer = credential(#""token":"token-'$count'""#, version: version)
        let connection = try plugin(
            """
            count=$(cat "$0.count" 2>/dev/null || echo 0); count=$((count + 1)); echo $count > "$0.count"
            echo '\(answer)'
            """, version: version)
        let first = try await connection.parameters()
        #expect(first.bearerToken == "token-1")
        #expect(try await connection.parameters().bearerToken == "token-1")
        #expect(await connection.refuse(first))
        #expect(try await connection.parameters().bearerToken == "token-2")
    }

    @Test func `Expired credentials are asked for again, and the plugin is told of the cluster`() async throws {
        let answer = credential(
            #""token":"'$(echo $KUBERNETES_EXEC_INFO | grep -c https://a:1)$count'","expirationTimestamp":"2020-01-01T00:00:00Z""#
        )
        let connection = try plugin(
            """
            count=$(cat "$0.count" 2>/dev/null || echo 0); count=$((count + 1)); echo $count > "$0.count"
            echo '\(answer)'
            """)
        #expect(try await connection.parameters().bearerToken == "11")
        #expect(try await connection.parameters().bearerToken == "12")
    }

    @Test(arguments: [
        ("exit 3", "ends with code 3"), ("echo hello", "no JSON"), ("echo '{}'", "no ExecCredential"),
    ])
    func `A plugin that fails says how`(_ script: String, _ expected: String) async throws {
        let connection = try plugin(script)
        let error = await #expect(throws: APIError.self) { try await connection.parameters() }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func `A refused token leads to a new one and a second attempt`() async throws {
        let server = try TestAPIServer.make()
        let answer = credential(#""token":"'$token'""#)
        try folder.write(
            "#!/bin/sh\ntoken=old; [ -e \"$0.ran\" ] && token=admin; touch \"$0.ran\"; echo '\(answer)'\n", to: "plugin"
        )
        chmod(folder("plugin"), 0o755)
        let text = server.kubeconfig().replacing(
            "user: {token: admin}",
            with: "user: {exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1}}")
        try folder.write(text, to: "config")
        let client = try KubernetesClient(KubeconfigConnection(Kubeconfig(file: folder("config"))))
        _ = try await client.list(.services)
    }

    @Test func `Requests and watches go through the proxy of proxy-url, which also finds the server`() async throws {
        let (server, proxy) = (try TestAPIServer.make(), try ConnectProxy())
        let authority = Data(server.certificates.authority).base64EncodedString()
        let cluster =
            "server: 'https://kubernetes.test:\(server.address.port)', proxy-url: 'http://\(proxy.address)', "
            + "certificate-authority-data: \(authority)"
        try folder.write(config(cluster: cluster, user: "{token: admin}"), to: "config")
        let client = try KubernetesClient(KubeconfigConnection(Kubeconfig(file: folder("config"))))
        let names = Mutex<[String]>([])
        let reflector = Reflector(WatchTarget(.namespaces), client: client) { news in
            if case .changes(let changes) = news { names.withLock { $0 += changes.map(\.name.name) } }
        }
        reflector.start()
        await settles("the list has come") { names.withLock { $0.contains("default") } }
        _ = try await server.adminClient().create(.namespaces, ["metadata": ["name": "new"]])
        await settles("the watch goes on") { names.withLock { $0.contains("new") } }
        reflector.stop()
        #expect(!proxy.targets.isEmpty)
        #expect(Set(proxy.targets) == ["kubernetes.test:\(server.address.port)"])
    }
}
