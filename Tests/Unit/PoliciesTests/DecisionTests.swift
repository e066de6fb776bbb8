import HTTPCore
import Patterns
import PorticoModel
import Testing

@testable import Policies

@Suite struct CookieTests {
    @Test(
        arguments: [
            ("a=1; b=2", "b", "2"), ("a=1;b=2", "b", "2"), ("ab=1; b=\"q\"", "b", "q"), ("b", "b", nil),
            ("xb=1", "b", nil),
            ("b=", "b", ""), ("", "b", nil), ("; ; b=1 ", "b", "1"), ("b=x=y", "b", "x=y"),
        ] as [(String, String, String?)])
    func `a cookie is found by its whole name`(field: String, name: String, expected: String?) {
        let found = withBytes(field) { field in
            withBytes(name) { CookieReader.value(of: $0, in: field).map { String(decoding: $0, as: UTF8.self) } }
        }
        #expect(found == expected)
    }

    @Test(
        arguments: [("a=1&b=2", "B", "2"), ("ab=1", "b", nil), ("a&b=", "b", ""), ("", "a", nil)]
            as [(String, String, String?)])
    func `an argument is found by its whole name`(query: String, name: String, expected: String?) {
        let found = withBytes(query) { query in
            withBytes(name) { QueryReader.value(of: $0, in: query).map { String(decoding: $0, as: UTF8.self) } }
        }
        #expect(found == expected)
    }

    @Test func `a session's key is read as it was written, and nothing else is`() {
        let key = AffinityKey(key: 0x0123_4567_89AB_CDEF, upstream: 42)
        let text = written { key.write(to: &$0) }
        #expect(withBytes(text) { AffinityKey($0) } == key)
        for other in ["", "x", text + "0", text.uppercased(), String(text.dropLast())] {
            #expect(withBytes(other) { AffinityKey($0) } == nil)
        }
    }

    @Test func `SameSite=None is left out for those who misread it`() {
        var settings = SessionAffinity()
        settings.sameSite = .none
        settings.omitsSameSiteNone = true
        settings.secure = .always
        let rule = AffinityRule(settings, path: "/shop")
        func cookie(_ agent: String) -> String {
            written { writer in
                withBytes(agent) {
                    rule.write(
                        AffinityKey(key: 1, upstream: 2), isSecure: false, agent: $0, epochSeconds: 0, to: &writer)
                }
            }
        }
        #expect(
            cookie("Chrome/90.0")
                == "INGRESSCOOKIE=0000000000000001-00000002; Path=/shop; Secure; HttpOnly; SameSite=None")
        #expect(!cookie("Mozilla Chrome/55.0 Safari").contains("SameSite"))
        #expect(!cookie("Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac)").contains("SameSite"))
    }
}

@Suite struct AcceptEncodingTests {
    @Test(arguments: [
        ("gzip", 1_000), ("br, gzip;q=0.5", 500), ("gzip;q=0", 0), ("*", 1_000), ("*;q=0.2, gzip;q=0.3", 300),
        ("GZIP", 1_000),
        ("", 0), ("xgzip", 0), ("gzip;q=nonsense", 0), ("gzip ; q=1.000", 1_000),
    ])
    func `the weight of a coding is read`(field: String, weight: Int) {
        #expect(withBytes(field) { AcceptEncoding.weight(of: "gzip", in: $0) } == weight)
    }

    @Test(arguments: [("text/html; charset=x", true), ("TEXT/HTML", true), ("text/htmlx", false), ("", false)])
    func `media types are compared without parameters`(type: String, isIn: Bool) {
        #expect(withBytes(type) { MediaTypes(["text/html"]).contains($0) } == isIn)
    }
}

@Suite struct CanaryTests {
    private func rule(_ change: (inout RouteAlternative) -> Void) -> CanaryRule {
        var alternative = RouteAlternative()
        alternative.header = "X"
        alternative.cookie = "c"
        change(&alternative)
        return CanaryRule(alternative)
    }

    private func judge(_ rule: CanaryRule, _ header: String?, _ cookie: String?) -> CanaryRule.Verdict {
        func optional<R>(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
            text.map { withBytes($0) { body($0) } } ?? body(nil)
        }
        return optional(header) { header in optional(cookie) { rule.judge(header: header, cookie: $0, Captures()) } }
    }

    @Test(
        arguments: [
            ("always", nil, CanaryRule.Verdict.takes), ("never", "always", .leaves), ("other", "always", .takes),
            (nil, "never", .leaves), (nil, nil, .byWeight), ("other", "other", .byWeight),
        ] as [(String?, String?, CanaryRule.Verdict)])
    func `the header goes before the cookie`(header: String?, cookie: String?, verdict: CanaryRule.Verdict) {
        #expect(judge(rule { _ in }, header, cookie) == verdict)
    }

    @Test func `a value or a pattern decides for the canary alone`() {
        #expect(judge(rule { $0.headerValue = "v2" }, "v2", nil) == .takes)
        #expect(judge(rule { $0.headerValue = "v2" }, "always", "never") == .leaves)
        #expect(judge(rule { $0.headerPattern = "^v[23]$" }, "v3", nil) == .takes)
        #expect(judge(rule { $0.headerPattern = "(" }, "v3", nil) == .byWeight)
    }

    @Test func `the weight is a share of its total`() {
        let rule = rule {
            $0.weight = 30
            $0.weightTotal = 200
        }
        #expect((0..<2_000).filter { rule.takesByWeight(UInt64($0)) }.count == 300)
    }
}

@Suite struct CrossOriginTests {
    @Test(arguments: [
        ("*", "https://any.example", true), ("https://a.example", "https://A.example", true),
        ("https://*.a.example", "https://x.a.example", true), ("https://*.a.example", "https://x.y.a.example", false),
        ("https://*.a.example", "https://a.example", false), ("https://*.a.example", "http://x.a.example", false),
        ("https://*.a.example:8443", "https://x.a.example:8443", true), ("https://a.example", "", false),
        ("https://*.a.example", "https://evil.example?.a.example", false),
    ])
    func `an origin is allowed`(allowed: String, origin: String, isAllowed: Bool) {
        var policy = CrossOriginPolicy()
        policy.origins = [allowed]
        #expect(withBytes(origin) { CORSPolicy(policy).allows($0) } == isAllowed)
    }
}

@Suite struct AddressRuleTests {
    @Test func `the first line that speaks of an address decides`() throws {
        let rules = [("10.0.0.1", false), ("10.0.0.0/8", true), ("0.0.0.0/0", false)].map { block, allows in
            var rule = AddressRule()
            (rule.block, rule.allows) = (block, allows)
            return rule
        }
        let compiled = AddressRules(rules)
        for (address, isIn) in [("10.0.0.1", false), ("10.0.0.2", true), ("11.0.0.1", false), ("::1", true)] {
            #expect(compiled.allows(try #require(.init(text: address, port: 0))) == isIn)
        }
    }
}
