import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-balancing.yaml`.
    @Suite struct BalancingTests {
        @Test func `requests go where hashes, turns and times send them`() throws {
            let wire = try WireGateway(
                "wire-balancing", try ScriptedBackend(echoing: "one"), try ScriptedBackend(echoing: "two"),
                try ScriptedBackend(echoing: "three"), try ScriptedBackend(named: "unused"))
            func names(_ host: String, _ count: Int, _ target: (Int) -> String = { _ in "/" }) throws -> [String] {
                try (0..<count).map { try wire.ask(host, target($0)).echoName }
            }
            #expect(Set(try names("turns", 6)).count == 3)
            #expect(Set(try names("faster", 30)).count >= 2)
            for host in ["hashed", "hashed-text"] {
                #expect(Set(try names(host, 5) { _ in "/?user=ann" }).count == 1, "\(host)")
                #expect(Set(try names(host, 40) { "/?user=\($0)" }).count == 3, "\(host)")
            }
            #expect(Set(try names("subset", 20) { _ in "/?user=ann" }).count == 2)
            let vhost = try wire.ask("vhost")
            #expect(vhost.echo["Host"] == "inner.vhost.test" && vhost.echo["X-Forwarded-Host"] == "vhost.test")
            #expect(try wire.ask("http10").echo.startLine == "GET / HTTP/1.0")
            #expect(try wire.ask("connection").echo["Connection"] == "keep-alive")
            #expect(try wire.ask("small", method: "POST", body: "12345678").status == 200)
            #expect(try wire.ask("small", method: "POST", body: "123456789").status == 413)
            let long = String(repeating: "long body ", count: 20_000)
            for host in ["spilled", "streamed"] {
                #expect(try wire.ask(host, method: "POST", body: long).echo.text == long, "\(host)")
            }
        }

        @Test func `requests are tried again as proxy-next-upstream says`() throws {
            let failing = try ScriptedBackend { request, connection in
                if request.startLine.contains("/close") { return nil }
                return ScriptedBackend.response("500 Bad", body: "failed")
            }
            let wire = try WireGateway(
                "wire-balancing", try ScriptedBackend(echoing: "good"), try ScriptedBackend(echoing: "good"),
                try ScriptedBackend(echoing: "good"), failing)
            /// Statuses of a few requests, which begin with one endpoint or the other in turn.
            func statuses(_ host: String, _ target: String = "/", method: String = "GET") throws -> Set<Int> {
                Set(try (0..<4).map { _ in try wire.status(host, target, method: method) })
            }
            #expect(try statuses("tries-standard") == [200, 500])
            #expect(try statuses("tries-status") == [200])
            #expect(try statuses("tries-status", method: "POST") == [200, 500])
            #expect(try statuses("tries-any", method: "POST") == [200])
            #expect(try statuses("tries-one") == [200, 500])
            #expect(try statuses("tries-gone") == [200])
            #expect(try statuses("tries-off") == [200, 502])
            #expect(try statuses("tries-standard", "/close") == [200])
        }

        @Test func `an endpoint that says nothing is waited for as long as proxy-read-timeout says`() throws {
            let silent = try ScriptedBackend { _, connection in
                _ = try connection.receive(through: "never")
                return nil
            }
            let wire = try WireGateway("wire-balancing", silent)
            #expect(try wire.status("impatient") == 504)
        }
    }
}
