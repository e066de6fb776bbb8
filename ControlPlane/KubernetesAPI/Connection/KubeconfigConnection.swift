import ClusterState

/// A connection as a context of a kubeconfig describes it. Files that it names are read again when they change.
package final class KubeconfigConnection: ConnectionSource {
    /// Who is to be served, where no flag says so.
    package let namespace: String?

    private let fixed: ConnectionParameters
    private let certificateAuthority: PEMSource?
    private let clientCertificate: PEMSource?
    private let clientKey: PEMSource?
    private let tokenFile: ConnectionFile?
    private let plugin: ExecCredentials?

    /// - Parameters:
    ///   - server: in place of the cluster's (`--apiserver-host`).
    ///   - authority: a file in place of the cluster's (`--certificate-authority`).
    package init(
        _ kubeconfig: Kubeconfig, context: String? = nil, server: String? = nil, authority: String? = nil
    ) throws(ConnectionConfigurationError) {
        let (cluster, user, contextEntry) = try kubeconfig.select(context)
        namespace = try contextEntry.text("namespace")
        var fixed = try KubeconfigConnection.parameters(of: cluster, server: server)
        if let authority {
            certificateAuthority = .file(ConnectionFile(authority))
        } else {
            certificateAuthority = try cluster.pem("certificate-authority")
        }
        clientCertificate = try user?.pem("client-certificate")
        clientKey = try user?.pem("client-key")
        if let user, (clientCertificate == nil) != (clientKey == nil) {
            throw user.fault("client-key", "client-certificate and client-key are given together or not at all")
        }
        // As in client-go, the file goes before the token: it is what is renewed.
        tokenFile = try user?.path("tokenFile").map { ConnectionFile($0) }
        if tokenFile == nil { fixed.bearerToken = try user?.text("token") }
        fixed.user = try user?.text("username")
        fixed.password = try user?.text("password")
        if let user { fixed.headers = try KubeconfigConnection.impersonation(user) }
        if let user, user.node["auth-provider"] != nil {
            throw user.fault("auth-provider", "Kubernetes no longer has these; use exec")
        }
        if let user {
            plugin = try ExecCredentials(user, cluster: cluster, server: fixed.server)
        } else {
            plugin = nil
        }
        self.fixed = fixed
    }

    private static func parameters(
        of cluster: Kubeconfig.Entry, server: String?
    ) throws(ConnectionConfigurationError) -> ConnectionParameters {
        let own = try cluster.text("server")
        guard let text = server ?? own else { throw cluster.fault("server", "is required") }
        guard let url = ServerURL(text) else {
            throw cluster.fault("server", "must be as https://host:port, not '\(text)'")
        }
        var parameters = ConnectionParameters(server: url.text)
        parameters.tlsServerName = try cluster.text("tls-server-name")
        parameters.skipsVerification = try cluster.bool("insecure-skip-tls-verify")
        let authorities = [
            try cluster.text("certificate-authority"), try cluster.text("certificate-authority-data"),
        ]
        let hasAuthority = authorities.contains { $0 != nil }
        if parameters.skipsVerification, hasAuthority {
            throw cluster.fault(
                "insecure-skip-tls-verify", "cannot be true together with certificate-authority: take one away")
        }
        if let proxy = try cluster.text("proxy-url") {
            let schemes = ["http://", "https://", "socks5://"]
            guard schemes.contains(where: proxy.hasPrefix) else {
                throw cluster.fault("proxy-url", "must begin with http://, https:// or socks5://, not be '\(proxy)'")
            }
            parameters.proxyURL = proxy
        }
        return parameters
    }

    private static func impersonation(
        _ user: Kubeconfig.Entry
    ) throws(ConnectionConfigurationError) -> [APIHeader] {
        var headers: [APIHeader] = []
        if let name = try user.text("as") { headers.append(APIHeader(name: "Impersonate-User", value: name)) }
        if let uid = try user.text("as-uid") { headers.append(APIHeader(name: "Impersonate-Uid", value: uid)) }
        for group in user.node["as-groups"]?.list ?? [] {
            guard let text = group.string else { throw user.fault("as-groups", "must be a list of strings") }
            headers.append(APIHeader(name: "Impersonate-Group", value: text))
        }
        if headers.first?.name == "Impersonate-Group" || headers.first?.name == "Impersonate-Uid" {
            throw user.fault("as", "is required with as-groups or as-uid")
        }
        return headers
    }

    package func parameters() async throws(APIError) -> ConnectionParameters {
        var parameters = fixed
        parameters.certificateAuthority = try certificateAuthority?.read()
        parameters.clientCertificate = try clientCertificate?.read()
        parameters.clientKey = try clientKey?.read()
        if let tokenFile { parameters.bearerToken = try tokenFile.readLine() }
        if let plugin { try await plugin.apply(to: &parameters) }
        return parameters
    }

    package func refuse(_ parameters: ConnectionParameters) async -> Bool {
        if let plugin { return await plugin.refuse(parameters) }
        // A token file may have been renewed in the meantime.
        guard let tokenFile, let token = try? tokenFile.readLine() else { return false }
        return token != parameters.bearerToken
    }
}
