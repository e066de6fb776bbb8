import KubernetesAPI

/// The API server that a test runs against: the one in this process, or a real one where the environment names it.
package protocol APIServerUnderTest: Sendable {
    /// With all rights.
    var admin: ConnectionParameters { get }
    /// As `user`, who has the rights that roles give; none at first.
    var user: ConnectionParameters { get }
}

extension APIServerUnderTest {
    package func adminClient() throws -> KubernetesClient { try KubernetesClient(FixedConnection(admin)) }
    package func userClient() throws -> KubernetesClient { try KubernetesClient(FixedConnection(user)) }
}

extension TestAPIServer: APIServerUnderTest {
    /// With TLS, and the tokens `admin` and `user`.
    package static func make(configure: (inout Options) -> Void = { _ in }) throws -> TestAPIServer {
        var options = Options()
        options.users["user"] = APIUser("user")
        configure(&options)
        return try TestAPIServer(options)
    }

    package var admin: ConnectionParameters { connection(token: "admin") }
    package var user: ConnectionParameters { connection(token: "user") }
}
