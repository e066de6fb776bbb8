import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-redirects.yaml`.
    @Suite struct RedirectTests {
        @Test func `paths are rewritten for endpoints, and locations and cookies for clients`() throws {
            let wire = try WireGateway("wire-redirects", try ScriptedBackend(echoing: "echo"))
            for (host, target, expected) in [
                ("rewrite", "/foo/bar/bar", "/new/bar"),
                ("rewrite", "/FOO/bar/Baz", "/new/Baz"), ("longest", "/foo", "/foo"),
                ("longest", "/foo/bar", "/new/backend"), ("longest", "/foobar", "/new/backend"),
                ("warned", "/foo/bar/bar", "/new/backend"), ("prefix", "/api/v1/x?q=1", "/v1/x?q=1"),
                ("prefix", "/api", "/"), ("alias", "/x", "/x"),
                ("other-name", "/x", "/x"), ("a.many", "/x", "/x"), ("prefix-alone", "/x", "/x"),
            ] {
                let echo = try wire.ask(host, target).echo
                #expect(echo.startLine == "GET \(expected) HTTP/1.1", "\(host)\(target)")
            }
            #expect(try wire.status("rewrite", "/other") == 404)
            #expect(try wire.status("b.a.many") == 404)
            #expect(try wire.ask("prefix", "/api/x").echo["X-Forwarded-Prefix"] == "/api")
            try checkRedirects(wire)
            try checkResponses(wire)
        }

        private func checkRedirects(_ wire: WireGateway) throws {
            for (host, target, status, location) in [
                ("root", "/", 302, "http://root.test/app"), ("permanent", "/a", 301, "https://www.example.com"),
                ("permanent-code", "/", 308, "https://www.example.com"),
                ("permanent-bad", "/", 301, "https://www.example.com"),
                ("temporal", "/a?b=c", 302, "https://t.example.com/a?b=c"),
                ("temporal-code", "/", 307, "https://t.example.com"),
                ("shop", "/a?b=c", 308, "http://www.shop.test/a?b=c"),
                ("www.bare", "/a", 308, "http://bare.test/a"),
            ] {
                let answer = try wire.ask(host, target)
                #expect(answer.status == status && answer["Location"] == location, "\(host): \(answer.startLine)")
            }
            #expect(try wire.status("root", "/other") == 200)
            #expect(try wire.status("www.shop") == 200)
        }

        private func checkResponses(_ wire: WireGateway) throws {
            for (host, given, location) in [
                ("location", "http://inner.test/x", "https://location.test/x"),
                ("location", "http://other.test/x", "http://other.test/x"),
                ("location-default", "http://inner.test/x", "http://inner.test/x"),
            ] {
                let answer = try wire.ask(host, "/", ["X-Status: 302", "X-Reply: Location: \(given)"])
                #expect(answer["Location"] == location, "\(host) \(given)")
            }
            for (host, given, expected) in [
                (
                    "cookies", "a=b; Domain=inner.test; Path=/one/two; Secure",
                    "a=b; Domain=outer.test; Path=/two; Secure"
                ),
                ("cookies", "a=b; path=/other", "a=b; path=/other"),
            ] {
                let answer = try wire.ask(host, "/", ["X-Reply: Set-Cookie: \(given)", "X-Reply: Set-Cookie: c=d"])
                #expect(answer.all("Set-Cookie") == [expected, "c=d"], "\(host)")
            }
        }

        @Test(arguments: [("relative-redirects", "/app"), ("use-port-in-redirects", "http://root.test:PORT/app")])
        func `the ConfigMap says what redirects look like`(key: String, location: String) throws {
            let settings = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: portico, namespace: wire}
                data: {\(key): "true", allow-snippet-annotations: "true", annotations-risk-level: Critical}

                """
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "all.yaml": settings
                        + Manifests.ingress(
                            "root", host: "root.test", service: "shop",
                            annotations: ["nginx.ingress.kubernetes.io/configuration-snippet": "return 302 /app;"])
                ], arguments: ["--configmap", "wire/portico"])
            let expected = location.replacingOccurrences(of: "PORT", with: "\(gateway.http.port)")
            #expect(try gateway.get("/", host: "root.test")["Location"] == expected)
        }
    }
}
