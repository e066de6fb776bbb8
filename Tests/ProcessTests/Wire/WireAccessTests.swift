import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-access.yaml`.
    @Suite struct AccessTests {
        /// ann:secret
        private static let ann = "Authorization: Basic YW5uOnNlY3JldA=="
        private static let annWrong = "Authorization: Basic YW5uOndyb25n"
        /// empty:
        private static let empty = "Authorization: Basic ZW1wdHk6"

        private struct Case {
            var host: String
            var headers: [String] = []
            var method = "GET"
            var status: Int
        }

        private static let cases = [
            Case(host: "near", status: 200), Case(host: "far", status: 403), Case(host: "denied", status: 403),
            Case(host: "denied-first", status: 403), Case(host: "newer-name", status: 200),
            Case(host: "any-near", status: 200), Case(host: "any-far", status: 401),
            Case(host: "any-far", headers: [ann], status: 200), Case(host: "any-far", headers: [annWrong], status: 401),
            Case(host: "all-near", status: 401), Case(host: "all-near", headers: [ann], status: 200),
            Case(host: "all-far", headers: [ann], status: 403), Case(host: "any-alone", status: 401),
            Case(host: "any-alone", headers: [ann], status: 200), Case(host: "any-none", status: 403),
            Case(host: "basic", status: 401), Case(host: "basic", headers: [ann], status: 200),
            Case(host: "basic", headers: [annWrong], status: 401), Case(host: "basic", headers: [empty], status: 401),
            Case(host: "basic", headers: ["Authorization: Basic ???"], status: 401),
            Case(host: "basic", headers: ["Authorization: Bearer x"], status: 401),
            Case(host: "map", headers: [ann], status: 200), Case(host: "map", status: 401),
            Case(host: "bad-type", headers: [ann], status: 503), Case(host: "bad-secret", headers: [ann], status: 503),
            Case(host: "bad-kind", headers: [ann], status: 503), Case(host: "bad-list", status: 503),
            Case(host: "bad-denylist", status: 503), Case(host: "bad-url", status: 503),
            Case(host: "other-namespace", headers: [ann], status: 503), Case(host: "methods", status: 200),
            Case(host: "methods", method: "HEAD", status: 200), Case(host: "methods", method: "POST", status: 403),
            Case(host: "methods-password", method: "DELETE", status: 401),
            Case(host: "methods-password", headers: [ann], method: "DELETE", status: 200),
            Case(host: "near", headers: ["User-Agent: BadBot"], status: 403),
            Case(host: "near", headers: ["User-Agent: EvilThing/1"], status: 403),
            Case(host: "near", headers: ["Referer: http://a/spam"], status: 403),
            Case(host: "nobody", headers: ["User-Agent: badbot"], status: 403),
        ]

        @Test func `addresses, passwords, methods and wrong annotations decide as ingress-nginx has it`() throws {
            let wire = try WireGateway("wire-access", try ScriptedBackend(echoing: "echo"))
            for item in Self.cases {
                let status = try wire.status(item.host, "/", item.headers, method: item.method)
                #expect(status == item.status, "\(item)")
            }
            let refused = try wire.ask("basic")
            #expect(refused["WWW-Authenticate"] == "Basic realm=\"Members only\"")
            #expect(refused["Access-Control-Allow-Origin"] == "*")
            try checkDigest(wire)
            try checkLimits(wire)
        }

        private func checkDigest(_ wire: WireGateway) throws {
            let challenge = try #require(try wire.ask("digest")["WWW-Authenticate"])
            #expect(challenge.hasPrefix("Digest ") && challenge.contains("realm=\"Shop\""))
            for (user, status) in [
                ("dora:secret", "200"), ("dora:secret", "200"), ("dora:wrong", "401"), ("ann:secret", "401"),
            ] {
                let (_, output) = try RunningProgram.run(
                    "/usr/bin/curl",
                    [
                        "-s", "-o", "/dev/null", "-w", "%{http_code}", "--digest", "-u", user, "-H",
                        "Host: digest.test",
                        "http://\(wire.gateway.http)/page?a=b",
                    ])
                #expect(output == status, "\(user)")
            }
            // What one request answered is no answer to another.
            let nonce = challenge.firstMatch(of: /nonce="([^"]*)"/).map { String($0.1) } ?? ""
            let stolen =
                "Authorization: Digest username=\"dora\", realm=\"Shop\", nonce=\"\(nonce)\", uri=\"/\", "
                + "qop=auth, nc=00000001, cnonce=\"x\", response=\"0123456789abcdef0123456789abcdef\""
            #expect(try wire.status("digest", "/", [stolen]) == 401)
        }

        private func checkLimits(_ wire: WireGateway) throws {
            let rates = try (0..<5).map { _ in try wire.status("rate") }
            #expect(rates == [200, 200, 200, 429, 429])
            let allowed = try (0..<5).map { _ in try wire.status("rate-allowed") }
            #expect(allowed.allSatisfy { $0 == 200 })
        }

        @Test func `a client has only so many requests under way`() throws {
            let backend = try ScriptedBackend { request, connection in
                if request.startLine.contains("/wait") { _ = try connection.receive(through: "never") }
                return ScriptedBackend.response(body: "ok")
            }
            let wire = try WireGateway("wire-access", backend)
            let waiting = try RawConnection(to: wire.gateway.http)
            try waiting.send("GET /wait HTTP/1.1\r\nHost: connections.test\r\n\r\n")
            eventually("the endpoint has the first request") { backend.received.count == 1 }
            #expect(try wire.status("connections") == 429)
            #expect(try wire.status("near") == 200)
            waiting.finishSending()
            eventually("the first request has left") { (try? wire.status("connections")) == 200 }
        }

        @Test func `a response is held to its rate after its first kilobytes`() throws {
            let body = String(repeating: "x", count: 150 << 10)
            let wire = try WireGateway(
                "wire-access", try ScriptedBackend { _, _ in ScriptedBackend.response(body: body) })
            let start = ContinuousClock.now
            #expect(try wire.ask("paced").body.count == body.utf8.count)
            // 10 KiB and those of a second at once, the rest at 100 KiB a second: a lower bound, whatever the machine's load.
            #expect(ContinuousClock.now - start > .milliseconds(300))
        }
    }
}
