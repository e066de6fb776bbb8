import Foundation
import TestSupport
import Testing

extension ProcessTests {
    /// What plain HTTP is told about TLS, and what goes with answers over it.
    @Suite struct RedirectTests {
        private func location(_ answer: String) -> String? {
            answer.split(separator: "\n").first { $0.lowercased().hasPrefix("location: ") }.map {
                String($0.dropFirst("location: ".count))
            }
        }

        private func status(_ answer: String) -> Int? {
            answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }

        private func security(_ answer: String) -> String? {
            answer.split(separator: "\n").first { $0.lowercased().hasPrefix("strict-transport-security: ") }.map {
                String($0.dropFirst("strict-transport-security: ".count))
            }
        }

        @Test func `plain requests of hosts with TLS are sent to https, as settings and annotations say`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TLSGateway(hosts: ["shop.test"], backend: backend.address)
            try gateway.gateway.write(
                Manifests.ingress("plain", host: "plain.test", service: "shop")
                    + Manifests.ingress(
                        "forced", host: "forced.test", service: "shop",
                        annotations: ["nginx.ingress.kubernetes.io/force-ssl-redirect": "true"])
                    + Manifests.ingress(
                        "acme", host: "shop.test", path: "/.well-known/acme-challenge", service: "shop")
                    + TLSGateway.ingress(
                        "exempt", host: "exempt.test", ["nginx.ingress.kubernetes.io/ssl-redirect": "false"])
                    + TLSGateway.ingress(
                        "slash", host: "slash.test",
                        [
                            "nginx.ingress.kubernetes.io/preserve-trailing-slash": "true",
                            "nginx.ingress.kubernetes.io/use-port-in-redirects": "false",
                        ])
                    + ["exempt", "slash"].map { name in
                        TLSGateway.secret(
                            name, gateway.certificates.server(name, alternatives: ["DNS:\(name).test"]))
                    }.joined(), to: "more.yaml")
            try eventually("the hosts are served") { try status(gateway.curl("http://plain.test/")) == 200 }

            let answer = try gateway.curl("http://shop.test/a/b?c=d", "-H", "Host: shop.test:8080")
            #expect(status(answer) == 308)
            // Nothing stands in front of `portico run`, so its own port is named.
            let port = gateway.https.port
            #expect(location(answer) == "https://shop.test:\(port)/a/b?c=d")
            #expect(security(answer) == nil)
            #expect(try location(gateway.curl("http://shop.test/a/")) == "https://shop.test:\(port)/a")
            #expect(
                try location(gateway.curl("http://slash.test/a/")) == "https://slash.test/a/")
            #expect(try location(gateway.curl("http://forced.test/x")) == "https://forced.test:\(port)/x")
            #expect(try status(gateway.curl("http://exempt.test/")) == 200)
            #expect(try status(gateway.curl("http://shop.test/.well-known/acme-challenge/token")) == 200)
            #expect(try status(gateway.curl("https://shop.test/a/b")) == 200)
            // Over HTTP/2 as well; and a body is not waited for.
            #expect(try gateway.curl("https://shop.test/", "--http2").hasPrefix("HTTP/2 200"))
            #expect(try status(gateway.curl("http://shop.test/", "-d", "body")) == 308)

            try gateway.change(
                settings: ["http-redirect-code": "301", "no-tls-redirect-locations": "/free"], until: "the code changes"
            ) { try status(gateway.curl("http://shop.test/")) == 301 }
            // The path is another's from now on: it is the Ingress's path that counts.
            #expect(try status(gateway.curl("http://shop.test/.well-known/acme-challenge/token")) == 301)
            try gateway.change(settings: ["ssl-redirect": "false"], until: "nothing is redirected") {
                try status(gateway.curl("http://shop.test/")) == 200
            }
            // Something in front ends TLS, and says so.
            try gateway.change(
                settings: ["force-ssl-redirect": "true", "use-forwarded-headers": "true"], until: "all are redirected"
            ) { try status(gateway.curl("http://plain.test/")) == 308 }
            #expect(try status(gateway.curl("http://plain.test/", "-H", "X-Forwarded-Proto: https")) == 200)
            #expect(try status(gateway.curl("http://plain.test/", "-H", "X-Forwarded-Proto: http")) == 308)
        }

        @Test func `answers over TLS say that the host is for TLS alone, as the settings have it`() throws {
            let backend = try ScriptedBackend { _, _ in
                Array("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 0\r\n\r\n".utf8)
            }
            let gateway = try TLSGateway(hosts: ["shop.test"], backend: backend.address)
            try eventually("TLS is served") { try status(gateway.curl("https://shop.test/")) == 200 }
            func shown() throws -> String? { try security(gateway.curl("https://shop.test/")) }
            // The endpoint's own does not stand beside it.
            #expect(try shown() == "max-age=31536000; includeSubDomains")
            #expect(
                try gateway.curl("https://shop.test/").lowercased().ranges(of: "strict-transport-security").count == 1)
            for (settings, value) in [
                (["hsts-max-age": "60", "hsts-include-subdomains": "false"], "max-age=60"),
                (["hsts-preload": "true"], "max-age=31536000; includeSubDomains; preload"),
                (["hsts": "false"], "max-age=1"),
            ] {
                try gateway.change(settings: settings, until: "HSTS is \(value)") { try shown() == value }
            }
        }
    }
}
