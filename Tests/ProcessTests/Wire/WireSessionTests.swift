import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-sessions.yaml`.
    @Suite struct SessionTests {
        private func cookie(_ message: HTTPMessage) throws -> (pair: String, attributes: [String]) {
            let parts = try #require(message["Set-Cookie"]).components(separatedBy: "; ")
            return (parts[0], Array(parts.dropFirst()))
        }

        @Test func `sessions stay, move and are dressed as asked`() throws {
            let failing = try ScriptedBackend { _, _ in ScriptedBackend.response("502 Bad", body: "failed") }
            let wire = try WireGateway(
                "wire-sessions", try ScriptedBackend(echoing: "one"), try ScriptedBackend(echoing: "two"), failing)
            for host in ["balanced", "persistent"] {
                for _ in 0..<4 {
                    let first = try wire.ask(host)
                    let pair = try cookie(first).pair
                    for _ in 0..<3 {
                        let again = try wire.ask(host, "/", ["Cookie: other=1; \(pair)"])
                        #expect(again.echoName == first.echoName && again["Set-Cookie"] == nil, "\(host)")
                    }
                }
                // What is no session of ours gets a new one.
                #expect(try wire.ask(host, "/", ["Cookie: route=forged"])["Set-Cookie"] != nil)
            }
            try checkAttributes(wire)
            try checkCanaries(wire)
            try checkFailures(wire)
        }

        private func checkAttributes(_ wire: WireGateway) throws {
            let dressed = try cookie(try wire.ask("dressed"))
            #expect(dressed.pair.hasPrefix("route="))
            for wanted in [
                "Domain=dressed.test", "Path=/shop", "Max-Age=259200", "Secure", "HttpOnly", "SameSite=Lax",
                "Partitioned",
            ] {
                #expect(dressed.attributes.contains(wanted), "\(wanted)")
            }
            #expect(dressed.attributes.contains { $0.hasPrefix("Expires=") && $0.hasSuffix("GMT") })
            let plain = try cookie(try wire.ask("not-secure")).attributes
            #expect(plain.contains("SameSite=None") && !plain.contains("Secure"))
            let agent = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 12_0 like Mac OS X)"
            let old = try cookie(try wire.ask("not-secure", "/", [agent])).attributes
            #expect(!old.contains("SameSite=None"))
            let standard = try cookie(try wire.ask("standard", "/something/else"))
            #expect(standard.pair.hasPrefix("INGRESSCOOKIE=") && standard.attributes.contains("Path=/something"))
            let other = try cookie(try wire.ask("standard", "/somewhere")).attributes
            #expect(other.contains("Path=/somewhere"))
            #expect(try wire.ask("standard", "/")["Set-Cookie"] == nil)
            let regex = try cookie(try wire.ask("regex", "/foo/bar")).attributes
            #expect(regex.contains("Path=/foo/bar"))
        }

        private func checkCanaries(_ wire: WireGateway) throws {
            for (host, afterwards) in [("sticky", "two"), ("legacy", "one")] {
                let canary = try wire.ask(host, "/", ["X-Next: always"])
                #expect(canary.echoName == "two")
                let pair = try cookie(canary).pair
                #expect(try wire.ask(host, "/", ["Cookie: \(pair)"]).echoName == afterwards, "\(host)")
                let main = try cookie(try wire.ask(host)).pair
                let name = try wire.ask(host, "/", ["Cookie: \(main)", "X-Next: always"]).echoName
                #expect(name == (host == "sticky" ? "one" : "two"), "\(host)")
            }
        }

        /// A session with the endpoint that fails: found by asking until one begins there.
        private func checkFailures(_ wire: WireGateway) throws {
            for host in ["stays", "moves"] {
                var begun: HTTPMessage?
                for _ in 0..<8 {
                    let before = wire.backends[2].received.count
                    let answer = try wire.ask(host)
                    if wire.backends[2].received.count > before {
                        begun = answer
                        break
                    }
                }
                let first = try #require(begun)
                let pair = try cookie(first).pair
                let before = wire.backends[2].received.count
                let next = try wire.ask(host, "/", ["Cookie: \(pair)"])
                let triedAgain = wire.backends[2].received.count > before
                #expect(first.status == (host == "moves" ? 200 : 502) && next.status == first.status, "\(host)")
                #expect(triedAgain == (host == "stays"), "\(host)")
            }
        }
    }
}
