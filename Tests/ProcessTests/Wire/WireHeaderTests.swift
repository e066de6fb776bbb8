import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-headers.yaml`.
    @Suite struct HeaderTests {
        @Test func `headers are sent, added, hidden, opened to other origins and mirrored`() throws {
            let mirror = try ScriptedBackend(named: "mirror")
            let wire = try WireGateway("wire-headers", try ScriptedBackend(echoing: "echo"), mirror)
            let plain = try wire.ask(
                "plain", "/",
                ["X-Reply: X-Inner: 1", "X-Reply: x-powered-by: php", "X-Reply: Server: own", "X-Sent: forged"])
            #expect(plain["X-Added"] == "for plain.test")
            #expect(plain["X-Inner"] == nil && plain["X-Powered-By"] == nil && plain["Server"] == nil)
            #expect(plain.echo["X-Sent"] == plain.echo["X-Request-ID"] && plain.echo["X-Client"] == "127.0.0.1")
            let custom = try wire.ask("custom", "/", ["X-Reply: X-Custom: zero"])
            #expect(custom.all("X-Custom") == ["one"] && custom["X-Another"] == "two")
            #expect(try wire.status("forbidden") == 503)
            try checkOrigins(wire)
            try checkMirror(wire, mirror)
        }

        private func checkOrigins(_ wire: WireGateway) throws {
            let usual = try wire.ask("cors", "/", ["Origin: https://any.test"])
            // Never the origin itself: with credentials that would let every site in.
            #expect(usual.all("Access-Control-Allow-Origin") == ["*"])
            #expect(usual["Access-Control-Allow-Credentials"] == "true")
            #expect(usual["Access-Control-Allow-Methods"] == "GET, PUT, POST, DELETE, PATCH, OPTIONS")
            #expect(usual["Access-Control-Max-Age"] == "1728000")
            #expect(try wire.ask("cors-public")["Access-Control-Allow-Credentials"] == nil)
            let preflight = try wire.ask("cors", method: "OPTIONS")
            #expect(preflight.status == 204 && preflight["Access-Control-Allow-Origin"] == "*")
            for (origin, isAllowed) in [
                ("https://one.test:8443", true), ("https://one.test", false), ("https://a.two.test", true),
                ("https://a.b.two.test", false), ("https://two.test", false), ("http://a.two.test", false),
                ("https://a.two.test.evil.test", false), ("null", false),
            ] {
                let answer = try wire.ask("cors-origins", "/", ["Origin: \(origin)"])
                #expect(answer["Access-Control-Allow-Origin"] == (isAllowed ? origin : nil), "\(origin)")
                let preflight = try wire.status("cors-origins", "/", ["Origin: \(origin)"], method: "OPTIONS")
                #expect(preflight == (isAllowed ? 204 : 200), "\(origin)")
            }
            let set = try wire.ask(
                "cors-origins", "/", ["Origin: https://a.two.test", "X-Reply: Access-Control-Allow-Origin: *"])
            #expect(set.all("Access-Control-Allow-Origin") == ["https://a.two.test"])
            #expect(set["Access-Control-Allow-Methods"] == "POST, GET" && set["Access-Control-Max-Age"] == "200")
            #expect(set["Access-Control-Allow-Headers"] == "X-A, X-B" && set["Access-Control-Expose-Headers"] == "X-C")
        }

        private func checkMirror(_ wire: WireGateway, _ mirror: ScriptedBackend) throws {
            #expect(try wire.ask("mirrored", "/a?b=c", method: "POST", body: "hello").status == 200)
            eventually("the mirror has its copy") { mirror.received.count == 1 }
            let copy = try #require(mirror.received.first)
            #expect(copy.startLine == "POST /copy/a?b=c HTTP/1.1" && copy.text == "hello")
            #expect(try wire.ask("mirrored-host", "/x", method: "POST", body: "hello").status == 200)
            eventually("the mirror has its second copy") { mirror.received.count == 2 }
            #expect(mirror.received.last?["Host"] == "copy.test" && mirror.received.last?.body.isEmpty == true)
        }
    }
}
