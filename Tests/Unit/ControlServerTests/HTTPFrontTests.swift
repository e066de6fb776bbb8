import ControlServer
import Foundation
import FoundationNetworking
import Logging
import PorticoModel
import Testing

@Suite struct HTTPFrontTests {
    private struct NothingToAdminister: AdminHandler {
        func status() async -> AdminStatus {
            AdminStatus(ready: true, classGroups: [], workers: [], diagnostics: [])
        }
        func snapshots() async throws -> AdminSnapshots { AdminSnapshots(snapshots: []) }
        func rollback(_ request: AdminRollback) async throws -> AdminPublished { throw AdminRefusal("no") }
        func resume(_ request: AdminResume) async throws -> AdminPublished { throw AdminRefusal("no") }
    }

    @Test(arguments: [
        ("/healthz", 200, "ok\n"), ("/readyz", 503, "not ready: still reading\n"), ("/metrics", 200, "up 1\n"),
    ])
    func `The probes and the metrics are answered`(path: String, status: Int, body: String) async throws {
        let front = try front(port: 0)
        try await front.start()
        let port = try #require(await front.port)
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        #expect((response as? HTTPURLResponse)?.statusCode == status)
        #expect(String(decoding: data, as: UTF8.self) == body)
        await front.stop()
    }

    @Test func `A taken port is refused with its name`() async throws {
        let first = try front(port: 0)
        try await first.start()
        let port = try #require(await first.port)
        let second = try front(port: port)
        await #expect {
            try await second.start()
        } throws: {
            "\($0)".contains("127.0.0.1:\(port)")
        }
        await first.stop()
    }

    private func front(port: UInt16) throws -> HTTPFront {
        let sources = HTTPFront.Sources(
            admin: NothingToAdminister(), readiness: { "still reading" }, metrics: { MetricsPages("up 1\n") })
        let socket = "/tmp/portico-test-\(UUID().uuidString.prefix(8)).sock"
        return try HTTPFront(
            host: "127.0.0.1", port: port, adminSocket: socket, sources: sources, log: Logger(label: "test"))
    }
}
