/// How to reach an API server and who to be there, as it is at one moment.
package struct ConnectionParameters: Hashable, Sendable {
    /// `https://host:port`, perhaps with a path; without a slash at its end.
    package var server: String
    /// PEM; nil for the certificates that the machine trusts.
    package var certificateAuthority: [UInt8]?
    /// The name that the server's certificate must bear and that TLS asks for; nil for the server's host.
    package var tlsServerName: String?
    package var skipsVerification = false
    /// PEM, with the chain.
    package var clientCertificate: [UInt8]?
    package var clientKey: [UInt8]?
    package var bearerToken: String?
    package var user: String?
    package var password: String?
    package var proxyURL: String?
    /// Names and values of further headers.
    package var headers: [APIHeader] = []

    package init(server: String) {
        self.server = server
    }
}

/// Where connection parameters come from: they change while the process runs.
package protocol ConnectionSource: Sendable {
    /// Throws `APIError.credentials` where a file cannot be read or a plugin fails.
    func parameters() async throws(APIError) -> ConnectionParameters

    /// The API server no longer takes these credentials.
    /// - Returns: whether others may be had, so that it is worth to ask again.
    func refuse(_ parameters: ConnectionParameters) async -> Bool
}

/// Parameters that never change.
package struct FixedConnection: ConnectionSource {
    private let fixed: ConnectionParameters

    package init(_ parameters: ConnectionParameters) {
        fixed = parameters
    }

    package func parameters() async throws(APIError) -> ConnectionParameters { fixed }

    package func refuse(_ parameters: ConnectionParameters) async -> Bool { false }
}
