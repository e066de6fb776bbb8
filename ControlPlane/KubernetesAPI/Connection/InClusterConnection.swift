import Glibc

/// The connection of a pod by its service account. The token, which kubelet renews, and the authority are read again when
/// they change.
package final class InClusterConnection: ConnectionSource {
    package static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"

    private let server: String
    private let token: ConnectionFile
    private let authority: ConnectionFile

    /// - Parameter environment: looks up a variable.
    /// - Returns: nil outside of a pod.
    package init?(
        folder: String = InClusterConnection.folder, authority: String? = nil,
        environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) {
        guard let host = environment("KUBERNETES_SERVICE_HOST"), !host.isEmpty,
            let port = environment("KUBERNETES_SERVICE_PORT"), !port.isEmpty
        else { return nil }
        server = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        token = ConnectionFile("\(folder)/token")
        self.authority = ConnectionFile(authority ?? "\(folder)/ca.crt")
    }

    package func parameters() async throws(APIError) -> ConnectionParameters {
        var parameters = ConnectionParameters(server: server)
        parameters.bearerToken = try token.readLine()
        parameters.certificateAuthority = try authority.read()
        return parameters
    }

    package func refuse(_ parameters: ConnectionParameters) async -> Bool {
        guard let renewed = try? token.readLine() else { return false }
        return renewed != parameters.bearerToken
    }
}

/// An API server by its address alone (`--apiserver-host` without a kubeconfig), as behind `kubectl proxy`.
package final class AnonymousConnection: ConnectionSource {
    private let server: String
    private let authority: ConnectionFile?

    package init(server: String, authority: String?) throws(ConnectionConfigurationError) {
        guard let url = ServerURL(server) else {
            throw ConnectionConfigurationError("--apiserver-host takes https://host:port, and was given '\(server)'")
        }
        self.server = url.text
        self.authority = authority.map { ConnectionFile($0) }
    }

    package func parameters() async throws(APIError) -> ConnectionParameters {
        var parameters = ConnectionParameters(server: server)
        parameters.certificateAuthority = try authority?.read()
        return parameters
    }

    package func refuse(_ parameters: ConnectionParameters) async -> Bool { false }
}
