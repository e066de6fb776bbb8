import ClusterState
import KubernetesAPI
import KubernetesTestServer
import Testing

/// The API server that a test runs against: the one in this process, or a real one where the environment names it.
protocol APIServerUnderTest: Sendable {
    /// With all rights.
    var admin: ConnectionParameters { get }
    /// As `user`, who has the rights that roles give; none at first.
    var user: ConnectionParameters { get }
}

extension APIServerUnderTest {
    func adminClient() throws -> KubernetesClient { try KubernetesClient(FixedConnection(admin)) }
    func userClient() throws -> KubernetesClient { try KubernetesClient(FixedConnection(user)) }
}

extension TestAPIServer: APIServerUnderTest {
    /// With TLS, and the tokens `admin` and `user`.
    static func make(configure: (inout Options) -> Void = { _ in }) throws -> TestAPIServer {
        var options = Options()
        options.users["user"] = APIUser("user")
        configure(&options)
        return try TestAPIServer(options)
    }

    var admin: ConnectionParameters { connection(token: "admin") }
    var user: ConnectionParameters { connection(token: "user") }
}

/// Asks again and again until `condition` holds.
@discardableResult
func eventually(
    within limit: Double = 10, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(limit)
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < end else { break }
        try? await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not within \(limit) s: \(what)", sourceLocation: sourceLocation)
    return false
}
