import Foundation
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// What tutorials (`tutorial-…`) and ingress-nginx's documentation (`documented-…`) tell people to write does what they
    /// say it does.
    @Suite struct TutorialTests {
        /// A request and what comes of it: a service's name and the target that it saw, or a status and Location.
        struct Row: Sendable {
            var host: String
            var target = "/"
            var headers: [String] = []
            var method = "GET"
            var outcome: String
            /// What the response's head says too.
            var says: [String] = []
        }

        private static let credentials = ["Authorization: Basic YW5uOnNlY3JldA=="]

        private static let tutorials: [(fixture: String, rows: [Row])] = [
            ("tutorial-0-web-app", [Row(host: "app.local", target: "/a?b", outcome: "web-app-service /a?b")]),
            (
                "tutorial-1-path-based-ingress",
                [
                    Row(host: "any.test", target: "/app1/deep", outcome: "app1-service /"),
                    Row(host: "any.test", target: "/app2", outcome: "app2-service /"),
                    Row(host: "other.test", target: "/else", outcome: "app1-service /else"),
                ]
            ),
            (
                "tutorial-1-host-based-ingress",
                [
                    Row(host: "app1.local", outcome: "app1-service /"),
                    Row(host: "app2.local", outcome: "app2-service /"),
                    Row(host: "app3.local", outcome: "404"),
                ]
            ),
            (
                "tutorial-1-regex-ingress",
                [
                    Row(host: "any.test", target: "/api/v1/users?a=b", outcome: "app1-service /users?a=b"),
                    Row(host: "any.test", target: "/api/v2", outcome: "app2-service /"),
                    Row(host: "any.test", target: "/api/v3", outcome: "404"),
                ]
            ),
            (
                "tutorial-1-sticky-ingress",
                [
                    Row(
                        host: "any.test", outcome: "app1-service /",
                        says: ["Set-Cookie: route=", "Max-Age=172800", "; Path=/;", "SameSite=Strict", "Expires="])
                ]
            ),
            (
                "tutorial-1-cors-ingress",
                [
                    Row(
                        host: "any.test", headers: ["Origin: https://app.example.com"], outcome: "app1-service /",
                        says: ["Access-Control-Allow-Origin: https://app.example.com\r\n"]),
                    Row(
                        host: "any.test", headers: ["Origin: https://example.com"], method: "OPTIONS", outcome: "204",
                        says: [
                            "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, PATCH, OPTIONS\r\n",
                            "Access-Control-Max-Age: 1728000\r\n", "Access-Control-Allow-Credentials: true\r\n",
                        ]),
                ]
            ),
            (
                "tutorial-1-tls-ingress",
                [
                    Row(host: "app1.local", target: "/a?b", outcome: "308 https://app1.local"),
                    Row(host: "app2.local", outcome: "308 https://app2.local"),
                ]
            ),
            (
                "tutorial-1-main-ingress",
                [Row(host: "api.example.com", headers: ["X-Canary: true"], outcome: "app-canary-service /")]
            ),
            ("tutorial-1-weighted-canary-ingress", [Row(host: "api.example.com", outcome: "404")]),
            (
                "tutorial-1-blue-ingress",
                [
                    Row(host: "api.example.com", outcome: "app-blue-service /"),
                    Row(host: "api-staging.example.com", outcome: "app-green-service /"),
                ]
            ),
            ("tutorial-3-my-ingress", [Row(host: "example.com", target: "/api/users", outcome: "api-service /")]),
            (
                "tutorial-3-path-based",
                [
                    Row(host: "myapp.example.com", target: "/api/users", outcome: "api-service /users"),
                    Row(host: "myapp.example.com", target: "/web/about", outcome: "web-service /about"),
                    Row(host: "myapp.example.com", target: "/", outcome: "frontend-service /"),
                    Row(host: "myapp.example.com", target: "/apis", outcome: "frontend-service /"),
                ]
            ),
            (
                "tutorial-3-host-based",
                [
                    Row(host: "api.example.com", outcome: "api-service /"),
                    Row(host: "web.example.com", outcome: "web-service /"),
                    Row(host: "shop.example.com", outcome: "default-service /"),
                    Row(host: "example.com", outcome: "404"),
                ]
            ),
            (
                "tutorial-3-default-backend",
                [
                    Row(host: "example.com", target: "/api/x", outcome: "api-service /api/x"),
                    Row(host: "example.com", target: "/else", outcome: "default-service /else"),
                ]
            ),
            (
                "tutorial-3-tls",
                [
                    Row(host: "example.com", outcome: "308 https://example.com"),
                    Row(host: "www.example.com", outcome: "308 https://www.example.com"),
                ]
            ),
            ("tutorial-3-redirect", [Row(host: "example.com", target: "/a", outcome: "308 https://example.com")]),
            ("tutorial-3-annotations", [Row(host: "example.com", target: "/a?b", outcome: "web-service /a?b")]),
            ("tutorial-3-class", [Row(host: "example.com", outcome: "web-service /")]),
            ("tutorial-3-minimal", [Row(host: "example.com", target: "/x", outcome: "web-service /x")]),
            (
                "tutorial-3-path",
                [
                    Row(host: "example.com", target: "/shop/1", outcome: "shop-service /"),
                    Row(host: "example.com", target: "/api", outcome: "api-service /"),
                    Row(host: "example.com", target: "/else", outcome: "404"),
                ]
            ),
            (
                "tutorial-3-microservices",
                [
                    Row(host: "api.myapp.com", target: "/users/7", outcome: "308 https://api.myapp.com"),
                    Row(host: "api.myapp.com", target: "/", outcome: "308 https://api.myapp.com"),
                ]
            ),
            ("tutorial-4-mynginx", [Row(host: "192.168.94.2.sslip.io", outcome: "mynginx /")]),
            (
                "tutorial-4-apache-domain",
                [
                    Row(host: "apache.192.168.94.2.sslip.io", outcome: "apache /"),
                    Row(host: "nginx.192.168.94.2.sslip.io", outcome: "nginx /"),
                ]
            ),
            (
                "tutorial-4-apache-path",
                [
                    Row(host: "192.168.94.2.sslip.io", target: "/apache/x", outcome: "apache /"),
                    Row(host: "192.168.94.2.sslip.io", target: "/nginx", outcome: "nginx /"),
                    Row(host: "192.168.94.2.sslip.io", target: "/", outcome: "404"),
                ]
            ),
            (
                "tutorial-4-apache-auth",
                [
                    Row(
                        host: "apache-auth.192.168.94.2.sslip.io", outcome: "401",
                        says: ["WWW-Authenticate: Basic realm=\"Authentication Required - foo\"\r\n"]),
                    Row(host: "apache-auth.192.168.94.2.sslip.io", headers: credentials, outcome: "apache /"),
                ]
            ),
            (
                "tutorial-4-apache-tls",
                [Row(host: "apache-tls.192.168.94.2.sslip.io", outcome: "308 https://apache-tls.192.168.94.2.sslip.io")]
            ),
        ]

        private static let documentation: [(fixture: String, rows: [Row])] = [
            (
                "documented-rewriting",
                [
                    Row(host: "rewrite.bar.com", target: "/something", outcome: "8080 /"),
                    Row(host: "rewrite.bar.com", target: "/something/", outcome: "8080 /"),
                    Row(host: "rewrite.bar.com", target: "/something/new", outcome: "8080 /new"),
                    Row(host: "approot.bar.com", outcome: "302 http://approot.bar.com"),
                    Row(host: "approot.bar.com", target: "/app1", outcome: "8080 /app1"),
                    Row(host: "prefix.bar.com", target: "/path/a", outcome: "8080 /a"),
                    Row(host: "regex.test.com", target: "/foo/any", outcome: "8080 /foo/any"),
                    Row(host: "regex.test.com", target: "/bar", outcome: "404"),
                    // The longest expression is tried first, and none of them ends where its text does.
                    Row(host: "test.com", target: "/foo/bar/1", outcome: "8083 /1"),
                    Row(host: "test.com", target: "/foo/bar/", outcome: "8082 /foo/bar/"),
                    Row(host: "test.com", target: "/foo/bar", outcome: "8081 /foo/bar"),
                    Row(host: "test.com", target: "/FOO/BAR", outcome: "8081 /FOO/BAR"),
                    Row(host: "permanent.example.com", target: "/a", outcome: "308 https://www.google.com"),
                    Row(host: "temporal.example.com", target: "/a", outcome: "302 https://www.google.com"),
                    Row(host: "www.example.com", target: "/a?b", outcome: "308 http://example.com"),
                ]
            ),
            (
                "documented-sessions",
                [
                    Row(
                        host: "stickyingress.example.com", outcome: "8080 /",
                        says: ["Set-Cookie: route=", "Max-Age=172800"]),
                    Row(
                        host: "stickyingress-samesite-none.example.com", outcome: "8080 /",
                        says: ["Set-Cookie: route=", "SameSite=None"]),
                    Row(
                        host: "stickyingress-partitioned.example.com", outcome: "8080 /",
                        says: ["; Secure", "; Partitioned"]),
                    Row(host: "hash.example.com", target: "/a", outcome: "8080 /a"),
                    Row(host: "nginxhello.example.com", target: "/?predictorid=1", outcome: "8080 /?predictorid=1"),
                ]
            ),
            (
                "documented-customization",
                [
                    Row(host: "custom.configuration.com", outcome: "8080 /", says: ["Request-Id: "]),
                    Row(host: "agent.example.com", outcome: "8080 /"),
                    Row(
                        host: "agent.example.com", headers: ["User-Agent: A Mobile one"],
                        outcome: "301 https://m.example.com"),
                    Row(
                        host: "frames.example.com", outcome: "8080 /",
                        says: ["X-Frame-Options: SAMEORIGIN\r\n", "X-Served-By: "]),
                    Row(host: "custom-headers.example.com", outcome: "8080 /", says: ["X-Client-Side: one\r\n"]),
                ]
            ),
            (
                "documented-authentication",
                [
                    Row(
                        host: "foo.bar.com", outcome: "401", says: ["Basic realm=\"Authentication Required - foo\"\r\n"]
                    ),
                    Row(
                        host: "dashboard.example.com", target: "/oauth2/start",
                        outcome: "308 https://dashboard.example.com"),
                    Row(host: "cluster.example.com", outcome: "8080 /"),
                    Row(host: "mydomain.com", outcome: "308 https://mydomain.com"),
                ]
            ),
            (
                "documented-annotations",
                [
                    Row(host: "canary.example.com", headers: ["X-Canary: do-canary"], outcome: "8081 /"),
                    Row(host: "canary.example.com", headers: ["Cookie: users_from_canary=always"], outcome: "8081 /"),
                    Row(host: "canary.example.com", headers: ["Cookie: users_from_canary=never"], outcome: "8080 /"),
                    Row(
                        host: "cors.example.com", headers: ["Origin: https://example.org:1199"], outcome: "8080 /",
                        says: ["Access-Control-Allow-Origin: https://example.org:1199\r\n"]),
                    Row(
                        host: "cors-wildcard.example.com", headers: ["Origin: https://a.origin-site.com:4443"],
                        outcome: "8080 /", says: ["Access-Control-Allow-Origin: https://a.origin-site.com:4443\r\n"]),
                    Row(host: "lists.example.com", outcome: "403"),
                    Row(host: "alias.example.com", outcome: "8080 /"),
                    Row(host: "others.example.com", headers: ["X-Status: 415"], outcome: "8082 /"),
                    Row(host: "proxying.example.com", outcome: "8080 /"),
                    Row(host: "tls.example.com", outcome: "308 https://tls.example.com"),
                ]
            ),
        ]

        /// One gateway for all documents, which are written into its folder one after the other.
        private final class Folder {
            let gateway: TestGateway
            private var backends: [String: ScriptedBackend] = [:]
            private let certificates = TestCertificates()
            private let folder: TemporaryFolder
            private var count = 0

            init(arguments: [String] = []) throws {
                folder = try TemporaryFolder()
                gateway = try TestGateway(
                    workers: 1, files: [:], manifests: folder.makeFolder("manifests"), servesTLS: true,
                    arguments: arguments)
            }

            private func port(_ name: String) throws -> UInt16 {
                let backend = try backends[name] ?? ScriptedBackend(echoing: name)
                backends[name] = backend
                return backend.address.port
            }

            /// Serves a fixture, with an endpoint for each service that its Ingresses name, and what else people have there.
            func serve(_ fixture: String) throws {
                var text = try WireGateway.fixture(fixture)
                let pair = certificates.server("example.com", alternatives: ["DNS:example.com"])
                if fixture.hasPrefix("documented-") {
                    for number in ["8080", "8081", "8082", "8083", "4180"] {
                        text = text.replacingOccurrences(of: "port: \(number)}]", with: "port: \(try port(number))}]")
                    }
                } else {
                    text = text.replacingOccurrences(
                        of: "<base64-encoded-certificate>", with: Data(pair.certificate).base64EncodedString())
                    text = text.replacingOccurrences(
                        of: "<base64-encoded-private-key>", with: Data(pair.key).base64EncodedString())
                    let original = text
                    text = try Set(text.matches(of: /service:\n +name: ([a-z0-9-]+)/).map { String($0.1) }).sorted()
                        .reduce(into: text) { text, name in text += try service(name, in: original) }
                    for name in ["example-tls", "myapp-tls", "my-tls-certs"] where text.contains("secretName: \(name)")
                    {
                        text += TLSGateway.secret(name, pair)
                    }
                    text += Manifests.secret(
                        "basic-auth", ["auth": Array("ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/".utf8)])
                }
                count += 1
                try folder.write(text + Self.marker(count), to: "manifests/all.yaml")
                try eventually("\(fixture) is served") {
                    try gateway.get("/", host: "marker.test")["Location"] == "http://marker/\(count)"
                }
            }

            private func service(_ name: String, in text: String) throws -> String {
                let address = ListenAddress(host: "127.0.0.1", port: try port(name))
                let both = Manifests.service(name, at: [address]).replacingOccurrences(of: "name: http, ", with: "")
                    .replacingOccurrences(of: ", targetPort: http", with: "")
                guard text.contains("kind: Service\n") else { return both }
                return "---\n" + both.components(separatedBy: "---\n").dropFirst(2).joined(separator: "---\n")
            }

            private static func marker(_ count: Int) -> String {
                Manifests.ingress(
                    "marker", host: "marker.test", service: "marker", className: "nginx",
                    annotations: ["nginx.ingress.kubernetes.io/temporal-redirect": "http://marker/\(count)"])
            }

            func ask(_ row: Row) throws -> HTTPMessage {
                let connection = try RawConnection(to: gateway.http)
                let lines =
                    ["\(row.method) \(row.target) HTTP/1.1", "Host: \(row.host)", "Connection: close"] + row.headers
                try connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
                return try #require(try connection.receiveMessage(isResponse: true))
            }
        }

        private func check(_ folder: Folder, _ pages: [(fixture: String, rows: [Row])]) throws {
            for (fixture, rows) in pages {
                try folder.serve(fixture)
                for row in rows {
                    let answer = try folder.ask(row)
                    let isEcho = answer.text.contains(" HTTP/1.")
                    let seen = answer.echo.startLine.split(separator: " ").dropFirst().first ?? ""
                    let outcome =
                        isEcho
                        ? "\(answer.echoName) \(seen)" : "\(answer.status) \(answer["Location"] ?? "")"
                    let isRight = isEcho ? outcome == row.outcome : outcome.hasPrefix(row.outcome)
                    #expect(
                        isRight,
                        "\(fixture): \(row.method) \(row.host)\(row.target) gave \(outcome), not \(row.outcome)")
                    let head = answer.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
                    for text in row.says { #expect(head.contains(text), "\(fixture): \(row.host) says \(head)") }
                }
            }
        }

        @Test func `what tutorials tell people to write does what they say`() throws {
            let folder = try Folder()
            try check(folder, Self.tutorials)
            try folder.serve("tutorial-3-canary")
            let names = try (0..<200).map { _ in try folder.ask(Row(host: "example.com", outcome: "")).echoName }
            #expect(Set(names) == ["production-service", "canary-service"])
            try folder.serve("tutorial-3-microservices")
            for (target, expected) in [
                ("/users/7", "user-service /7"), ("/orders", "order-service /"), ("/x", "gateway-service /"),
            ] {
                let url = "https://api.myapp.com:\(folder.gateway.https.port)\(target)"
                let body = try RunningProgram.run(
                    "/usr/bin/curl", ["-sk", "--resolve", "api.myapp.com:\(folder.gateway.https.port):127.0.0.1", url])
                let lines = body.output.split(separator: "\n")
                let seen = lines.dropFirst().first?.split(separator: " ").dropFirst().first ?? ""
                #expect("\(lines.first ?? "") \(seen)" == expected, "\(target)")
            }
        }

        @Test func `what ingress-nginx documents does what it says`() throws {
            try check(
                Folder(arguments: ["--configmap", "wire/portico", "--default-backend-service", "wire/nginx-errors"]),
                Self.documentation)
        }
    }
}
