import Foundation
import Synchronization
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-external-auth.yaml`.
    @Suite struct ExternalAuthenticationTests {
        private static let good = "Authorization: Bearer good"

        /// Lets those in who say so.
        private func service() throws -> ScriptedBackend {
            try ScriptedBackend { request, _ in
                let isCookie = request.startLine.contains("/cookie")
                guard isCookie || request["Authorization"] == "Bearer good" else {
                    return Array(
                        "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nno".utf8)
                }
                let cookie = isCookie ? "Set-Cookie: alma=armud\r\n" : ""
                return Array("HTTP/1.1 200 OK\r\nX-User: ann\r\n\(cookie)Content-Length: 0\r\n\r\n".utf8)
            }
        }

        @Test func `the service lets in, refuses and sends to sign in`() throws {
            let service = try service()
            let wire = try WireGateway("wire-external-auth", try ScriptedBackend(echoing: "echo"), service)
            let passed = try wire.ask("plain", "/", [Self.good, "X-User: forged", "X-Missing: forged"])
            #expect(passed.status == 200 && passed.echo["X-User"] == "ann")
            #expect((passed.echo["X-Missing"] ?? "").isEmpty)
            let refused = try wire.ask("plain")
            #expect(refused.status == 401 && refused["WWW-Authenticate"] == "Bearer")
            #expect(try wire.status("gone") == 500)
            #expect(try wire.status("any") == 401)
            #expect(try wire.status("any", "/", [Self.good]) == 200)
            #expect(try wire.status("any-near") == 200)
            #expect(try wire.ask("snippet-alone").echo["X-Snippet"] == nil)
            #expect(try wire.status("keepalive", "/", [Self.good]) == 200)
            #expect(try wire.status("keepalive", "/", [Self.good]) == 200)
            for (host, location) in [
                ("signin", "https://login.test/start?rd=http://signin.test%2Fa%3Fb%3Dc%26d%3De"),
                (
                    "signin-param",
                    "https://login.test/start?lang=en&back=http://signin-param.test%2Fa%3Fb%3Dc%26d%3De"
                ), ("signin-own", "https://login.test/start?rd=%2Fa%3Fb%3Dc%26d%3De"),
            ] {
                let answer = try wire.ask(host, "/a?b=c&d=e")
                #expect(answer.status == 302 && answer["Location"] == location, "\(host)")
            }
            try checkBoth(wire)
            try checkCookies(wire)
            try checkQuestion(wire, service)
        }

        /// A password and a service: one of them, or both.
        private func checkBoth(_ wire: WireGateway) throws {
            let ann = "Authorization: Basic YW5uOnNlY3JldA=="
            #expect(try wire.status("any-both", "/", [ann]) == 200)
            #expect(try wire.status("any-both", "/", [Self.good]) == 200)
            let refused = try wire.ask("any-both", "/?a=b&c=d")
            #expect(refused.status == 302)
            #expect(refused["Location"] == "http://any-both.test/auth/start?rd=http://any-both.test%2F%3Fa%3Db%26c%3Dd")
            #expect(try wire.status("both", "/", [ann]) == 401)
            #expect(try wire.status("both", "/", [Self.good]) == 401)
        }

        private func checkCookies(_ wire: WireGateway) throws {
            #expect(try wire.ask("cookie")["Set-Cookie"] == "alma=armud")
            #expect(try wire.ask("cookie", "/", ["X-Status: 503"])["Set-Cookie"] == nil)
            #expect(try wire.ask("always-cookie", "/", ["X-Status: 503"])["Set-Cookie"] == "alma=armud")
        }

        private func checkQuestion(_ wire: WireGateway, _ service: ScriptedBackend) throws {
            let answer = try wire.ask(
                "question", "/page?a=1", [Self.good, "X-Forwarded-For: 203.0.113.9"], method: "PUT", body: "hello")
            #expect(answer.status == 200 && answer.echo.text == "hello")
            let question = try #require(service.received.last)
            #expect(question.startLine == "POST /check?a=1 HTTP/1.1")
            let expected = [
                "Host": "127.0.0.1", "X-Original-URL": "http://question.test/page?a=1", "X-Original-Method": "PUT",
                "X-Sent-From": "nginx-ingress-controller", "X-Real-IP": "127.0.0.1", "X-Forwarded-For": "127.0.0.1",
                "X-Auth-Request-Redirect": "https://shop.test/page?a=1", "X-Asked-For": "question.test",
                "X-Snippet": "for question.test", "Authorization": "Bearer good",
            ]
            for (name, value) in expected { #expect(question[name] == value, "\(name)") }
            #expect(question.body.isEmpty && question["X-Request-ID"] == answer.echo["X-Request-ID"])
            _ = try wire.ask("plain", "/x", [Self.good])
            #expect(service.received.last?["X-Auth-Request-Redirect"] == "/x")
        }

        @Test func `answers are kept by their key, save those that set cookies`() throws {
            let service = try service()
            let wire = try WireGateway("wire-external-auth", try ScriptedBackend(echoing: "echo"), service)
            /// How often the service was asked about three requests.
            func asked(_ host: String, _ headers: [String], _ status: Int) throws -> Int {
                let before = service.received.count
                let statuses = try (0..<3).map { _ in try wire.status(host, "/", headers) }
                #expect(statuses == [status, status, status], "\(host)")
                return service.received.count - before
            }
            #expect(try asked("cached", [Self.good], 200) == 1)
            #expect(try asked("cached", ["Authorization: bad"], 401) == 1)
            #expect(try asked("cached-cookie", [], 200) == 3)
            #expect(try wire.ask("cached-cookie")["Set-Cookie"] == "alma=armud")
        }
    }
}
