import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-snippets.yaml`.
    @Suite struct SnippetTests {
        @Test func `directives act on requests as nginx has them act`() throws {
            let wire = try WireGateway("wire-snippets", try ScriptedBackend(echoing: "echo"))
            try checkRewrites(wire)
            try checkConditions(wire)
            try checkHeaders(wire)
            try checkLocations(wire)
            try checkSettings(wire)
        }

        private func checkRewrites(_ wire: WireGateway) throws {
            let last = try wire.ask("last", "/old/page?a=b").echo
            #expect(last.startLine == "GET /new/page?a=b HTTP/1.1" && last["X-Location"] == "new")
            #expect(try wire.status("last", "/old/guarded") == 403)
            #expect(try wire.ask("loop", "/x").echo.startLine == "GET /app/x HTTP/1.1")
            #expect(try wire.ask("rewrites", "/stop/x").echo.startLine == "GET /stopped/x HTTP/1.1")
            #expect(try wire.ask("rewrites", "/no-query?a=b").echo.startLine == "GET /bare HTTP/1.1")
            let away = try wire.ask("rewrites", "/away?a=b")
            #expect(away.status == 302 && away["Location"] == "http://rewrites.test/there?a=b")
            let moved = try wire.ask("rewrites", "/moved/x")
            #expect(moved.status == 301 && moved["Location"] == "https://new.test/x")
        }

        private func checkConditions(_ wire: WireGateway) throws {
            #expect(try wire.ask("conditions").echo["X-Kind"] == "none")
            #expect(try wire.ask("conditions", "/", ["X-Kind: DOGS"]).echo["X-Kind"] == "DOG")
            #expect(try wire.ask("conditions", "/?same=a", ["X-Same: a"])["X-Same"] == "yes")
            #expect(try wire.ask("conditions", "/?same=a", ["X-Same: b"])["X-Same"] == nil)
            let stopped = try wire.ask("conditions", "/", ["Cookie: a=b; stop=here"])
            #expect(stopped.status == 403 && stopped.text == "stopped here")
            #expect(try wire.status("conditions", "/", ["Cookie: stop=0"]) == 200)
            #expect(try wire.status("conditions", method: "DELETE") == 405)
            let to = try wire.ask("conditions", "/?to=x")
            #expect(to.status == 302 && to["Location"] == "https://to.test/x")
            #expect(throws: (any Error).self) { try wire.ask("conditions", "/", ["X-Drop: 1"]) }
        }

        private func checkHeaders(_ wire: WireGateway) throws {
            let usual = try wire.ask(
                "headers", "/",
                [
                    "X-Secret: s", "X-Set: c", "X-Reply: X-Remove-This: 1", "X-Reply: X-Hide: 1",
                    "X-Reply: X-Usual: zero",
                ])
            #expect(usual.all("X-Usual") == ["zero", "one"] && usual["X-Always"] == "two" && usual["X-Lost"] == nil)
            #expect(usual["X-Remove-This"] == nil && usual["X-Hide"] == nil && usual["X-Everywhere"] == "yes")
            #expect(usual["Cache-Control"] == "max-age=3600" && usual["Expires"] != nil && usual["X-Server"] == "yes")
            #expect(usual.echo["X-Secret"] == nil && usual.echo.all("X-Set") == ["a b"])
            let lost = try wire.ask("headers", "/", ["X-Status: 404"])
            #expect(lost["X-Usual"] == nil && lost["X-Always"] == "two" && lost["X-Lost"] == "yes")
        }

        private func checkLocations(_ wire: WireGateway) throws {
            let ping = try wire.ask("nested", "/ping")
            #expect(ping.text == "pong" && ping["Content-Type"] == "text/html")
            #expect(try wire.ask("nested", "/robots.txt")["Content-Type"] == "text/plain")
            let health = try wire.ask("nested", "/health")
            #expect(health.text == #"{"status": "up"}"# && health.all("Content-Type") == ["application/json"])
            #expect(try wire.ask("nested", "/version").all("Content-Type") == ["text/x-version"])
            #expect(try wire.status("nested", "/files/a") == 403)
            #expect(try wire.status("nested", "/a/b.php") == 404)
            #expect(try wire.status("nested", "/ping/x") == 200)
            #expect(try wire.status("nested", "/ping", ["X-Evil: 1"]) == 403)
            #expect(try wire.status("nested", "/", ["X-Evil: 1"]) == 403)
            #expect(try wire.status("access") == 403)
            #expect(try wire.status("access-own") == 200)
            #expect(try wire.status("broken") == 503)
        }

        private func checkSettings(_ wire: WireGateway) throws {
            #expect(try wire.status("settings") == 200)
            #expect(try wire.ask("settings", method: "POST", body: "12345").status == 413)
            let answer = try wire.ask(
                "settings", "/",
                [
                    "X-Status: 302", "X-Reply: Location: http://inner.test/x",
                    "X-Reply: Set-Cookie: a=b; Path=/one/c; Domain=inner.test",
                ])
            #expect(
                answer["Location"] == "http://settings.test/x"
                    && answer["Set-Cookie"] == "a=b; Path=/c; Domain=settings.test")
            #expect(answer.echo.startLine.hasSuffix("HTTP/1.0"))
            // A condition whose pattern runs away may guard a refusal: it costs that request, and no other.
            let endless = String(repeating: "a", count: 4_000) + "!"
            #expect(try wire.status("hostile", "/", ["X-Text: \(endless)"]) == 500)
            #expect(try wire.status("hostile", "/", ["X-Text: b"]) == 200)
            #expect(try wire.status("hostile", "/", ["X-Text: aa"]) == 403)
        }
    }
}
