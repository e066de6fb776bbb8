import Patterns
import PorticoModel
import Testing

@testable import Routing

@Suite struct ExpressionTests {
    private func table(_ routes: [Route]) -> RoutingTable { .of([VirtualHost(host: "a", routes: routes)]) }

    @Test(arguments: [
        ("/api/v1/x", "/api/v1"), ("/api/v2", "/api"), ("/API/V1", "/api/v1"), ("/x12/y", "/x\\d+"), ("/other", "/"),
        ("/x/api/v1", "/"),
    ])
    func `the longest expression that matches from the start wins`(path: String, expected: String) {
        let routes = ["/", "/api", "/api/v1", "/x\\d+"].map { route(.regex, $0, to: $0) }
        #expect(table(routes).upstream("a", path) == expected)
    }

    @Test func `of expressions of one length the greater one comes first`() {
        let routes = ["/a.", "/.b"].map { route(.regex, $0, to: $0) }
        #expect(table(routes).upstream("a", "/ab") == "/a.")
    }

    @Test func `an exact path outweighs expressions, and they outweigh prefixes`() {
        let routes = [
            route(.regex, "/a.*", to: "regex"), route(.exact, "/ab", to: "exact"), route(.prefix, "/", to: "prefix"),
        ]
        #expect(table(routes).upstream("a", "/ab") == "exact")
        #expect(table(routes).upstream("a", "/abc") == "regex")
        #expect(table(routes).upstream("a", "/b") == "prefix")
    }

    @Test func `a broken expression takes nothing and harms no other`() {
        let routes = [route(.regex, "/(", to: "broken"), route(.regex, "/", to: "whole")]
        #expect(table(routes).upstream("a", "/x") == "whole")
    }

    @Test func `groups are there for the rewrite`() throws {
        let table = table([route(.regex, "/api(/|$)(.*)")])
        let captures = Captures()
        let path = Array("/api/x/y".utf8)
        let outcome = path.withUnsafeBytes { path in
            Array("a".utf8).withUnsafeBytes { table.match(host: $0, path: path, into: captures) }
        }
        #expect(outcome != .none && captures.group(2) == 5..<8)
    }

    @Test func `an expression that takes too long is given up`() throws {
        let table = table([route(.regex, "/(a+)+$")])
        let path = Array(("/" + String(repeating: "a", count: 4_000) + "!").utf8)
        let outcome = path.withUnsafeBytes { path in
            Array("a".utf8).withUnsafeBytes { table.match(host: $0, path: path, into: Captures()) }
        }
        #expect(outcome == .exhausted)
    }
}

@Suite struct NestedLocationTests {
    private func table(_ routes: [Route]) -> RoutingTable { .of([VirtualHost(host: "a", routes: routes)]) }

    @Test func `a firm prefix keeps expressions away, where it is the longest`() {
        let routes = [
            route(.firmPrefix, "/static", to: "firm"), route(.stringPrefix, "/static/php", to: "plain"),
            route(.caseSensitiveRegex, "/.*\\.php$", to: "regex"),
        ]
        #expect(table(routes).upstream("a", "/static/x.php") == "firm")
        #expect(table(routes).upstream("a", "/static/php/x.php") == "regex")
        #expect(table(routes).upstream("a", "/static/php/x") == "plain")
        #expect(table(routes).upstream("a", "/X.PHP") == nil)
    }
}
