import ModSecurity
import Testing

@testable import WebApplicationFirewall

@Suite struct FirewallTests {
    private final class Lines {
        var all: [String] = []
    }

    private func transaction(_ text: String, _ lines: Lines = Lines()) throws -> FirewallTransaction {
        let rules = try FirewallRules(text, coreRules: nil)
        let transaction = FirewallTransaction(rules, identity: Array("id-1".utf8)) {
            lines.all.append(String(decoding: $0, as: UTF8.self))
        }
        transaction.begin(client: "192.0.2.7", clientPort: 1, server: "127.0.0.1", serverPort: 80)
        return transaction
    }

    private func bytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        Array(text.utf8).withUnsafeBytes(body)
    }

    private func head(
        _ transaction: FirewallTransaction, _ target: String, method: String = "GET", type: String = ""
    ) -> FirewallTransaction.Verdict {
        bytes(method) { method in
            bytes(target) { transaction.take(method: method, target: $0, version: "1.1") }
        }
        if !type.isEmpty {
            bytes("Content-Type") { name in bytes(type) { transaction.takeRequestField(name, $0) } }
        }
        return transaction.endRequestHead()
    }

    @Test func `a rule of the head refuses, and says so`() throws {
        let lines = Lines()
        let transaction = try transaction(
            """
            SecRuleEngine On
            SecRule REQUEST_URI "@beginsWith /admin" "id:1,phase:1,deny,status:451,msg:'no admin'"
            """, lines)
        #expect(head(transaction, "/admin?x=1") == .refuse(status: 451))
        #expect(lines.all.contains { $0.contains("no admin") && $0.contains("id-1") })
    }

    @Test(arguments: [
        ("application/x-www-form-urlencoded", "a=1&b=evil"), ("application/json", #"{"b": "evil"}"#),
    ])
    func `a rule of the body sees forms and JSON`(type: String, body: String) throws {
        let transaction = try transaction(
            """
            SecRuleEngine On
            SecRule ARGS "@contains evil" "id:1,phase:2,deny,status:403"
            """)
        #expect(transaction.rules.inspectsBodies)
        #expect(head(transaction, "/", method: "POST", type: type) == .pass)
        bytes(body) { transaction.takeBody($0) }
        #expect(transaction.endRequestBody() == .refuse(status: 403))
    }

    @Test func `a body that cannot be parsed is refused`() throws {
        let transaction = try transaction("SecRuleEngine On")
        #expect(head(transaction, "/", method: "POST", type: "application/json") == .pass)
        bytes("{\"b\": ") { transaction.takeBody($0) }
        #expect(transaction.endRequestBody() == .refuse(status: 400))
    }

    @Test func `without the engine on, rules log and refuse nothing`() throws {
        let lines = Lines()
        let transaction = try transaction(
            "SecRule REQUEST_URI \"@contains evil\" \"id:1,phase:1,log,deny,status:403,msg:'seen'\"", lines)
        #expect(head(transaction, "/evil") == .pass)
        #expect(lines.all.contains { $0.contains("seen") })
    }

    @Test func `a rule sends elsewhere, and of a response sees the head`() throws {
        let transaction = try transaction(
            """
            SecRuleEngine On
            SecRule ARGS:go "@rx ." "id:1,phase:1,redirect:'https://example.com/%{ARGS.go}',status:302"
            SecRule RESPONSE_HEADERS:X-Leak "@rx ." "id:2,phase:3,deny,status:502"
            """)
        #expect(
            head(transaction, "/?go=a%0d%0ab")
                == .redirect(status: 302, location: Array("https://example.com/ab".utf8)))
        let other = try self.transaction(
            "SecRuleEngine On\nSecRule RESPONSE_HEADERS:X-Leak \"@rx .\" \"id:2,phase:3,deny,status:502\"")
        #expect(head(other, "/") == .pass && other.endRequestBody() == .pass)
        bytes("X-Leak") { name in bytes("1") { other.takeResponseField(name, $0) } }
        #expect(other.endResponseHead(status: 200) == .refuse(status: 502))
    }

    @Test(arguments: ["SecRule ARGS", "Nonsense on"])
    func `rules that do not compile say why`(text: String) {
        let failure = #expect(throws: FirewallRules.Failure.self) { try FirewallRules(text, coreRules: nil) }
        #expect(failure?.reason.isEmpty == false)
    }

    @Test func `the core rules stop an injection`() throws {
        let rules = try FirewallRules("SecRuleEngine On", coreRules: CoreRuleSet())
        let transaction = FirewallTransaction(rules, identity: []) { _ in }
        transaction.begin(client: "192.0.2.7", clientPort: 1, server: "127.0.0.1", serverPort: 80)
        let verdicts = [
            head(transaction, "/?id=1%27%20union%20select%20password%20from%20users--"), transaction.endRequestBody(),
        ]
        #expect(verdicts.contains(.refuse(status: 403)))
    }

    @Test func `core rules that are not there are no rules`() {
        #expect(throws: FirewallRules.Failure.self) {
            try FirewallRules("", coreRules: CoreRuleSet(folder: "/nonexistent"))
        }
    }

    @Test func `equal rules are compiled once`() throws {
        let cache = FirewallRuleCache()
        let first = try cache.rules("SecRuleEngine On", usesCoreRules: false)
        #expect(try cache.rules("SecRuleEngine On", usesCoreRules: false) === first)
        #expect(try cache.rules("SecRuleEngine Off", usesCoreRules: false) !== first)
    }
}
