import Foundation
import KubernetesAPI
import KubernetesTestServer
import TestSupport
import Testing

/// A pod's service account over its life: kubelet replaces the token and the authority in their files.
@Suite struct PodConnectionTests {
    private let folder: TemporaryFolder
    private let user = APIUser("pod", groups: ["system:masters"])

    init() throws { folder = try TemporaryFolder() }

    private func client(_ server: TestAPIServer) throws -> KubernetesClient {
        let environment = [
            "KUBERNETES_SERVICE_HOST": server.address.host, "KUBERNETES_SERVICE_PORT": "\(server.address.port)",
        ]
        try folder.write(String(decoding: server.certificates.authority, as: UTF8.self), to: "ca.crt")
        try folder.write("first\n", to: "token")
        let connection = try #require(InClusterConnection(folder: folder.path) { environment[$0] })
        return try KubernetesClient(connection)
    }

    @Test func `A token that is no longer taken is replaced by the one in its file, within the request`() async throws {
        let server = try TestAPIServer.make { $0.users["first"] = APIUser("pod", groups: ["system:masters"]) }
        let client = try client(server)
        _ = try await client.list(.namespaces)
        server.setUser(nil, token: "first")
        let error = await #expect(throws: APIError.self) { try await client.list(.namespaces) }
        #expect(error?.isUnauthorized == true)
        server.setUser(user, token: "second, and longer")
        try folder.write("second, and longer\n", to: "token")
        _ = try await client.list(.namespaces)
    }

    @Test func `A server whose certificates are from a new authority is believed once its file says so`() async throws {
        let old = try TestAPIServer.make { $0.users["first"] = APIUser("pod", groups: ["system:masters"]) }
        let client = try client(old)
        _ = try await client.list(.namespaces)
        old.stop()
        let new = try TestAPIServer.make { options in
            options.users["first"] = APIUser("pod", groups: ["system:masters"])
            options.port = old.address.port
        }
        let error = await #expect(throws: APIError.self) { try await client.list(.namespaces) }
        guard case .transport = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try folder.write(String(decoding: new.certificates.authority, as: UTF8.self), to: "ca.crt")
        _ = try await client.list(.namespaces)
    }
}
