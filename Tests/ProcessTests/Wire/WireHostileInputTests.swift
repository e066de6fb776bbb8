import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// What people with bad intentions write into their Ingresses harms nobody else, and no message and no line of a log.
    @Suite struct HostileInputTests {
        private static let prefix = "nginx.ingress.kubernetes.io/"

        /// Endings of a header, a string, a block and a text, in the hope that something writes them down.
        private static let values = [
            "a\r\nX-Injected: 1\r\n\r\nHTTP/1.1 200 OK", "/a\nX-Injected: 1", "a\"; add_header X-Injected 1; #",
            "http://a.test/';} server { listen 80; return 200 injected; } {'", "a\0b", "$host\r\nX-Injected: 1",
        ]

        /// What makes an annotation count at all.
        private static func company(of key: String) -> [String: String] {
            switch key {
            case _ where key.hasPrefix("session-cookie"): ["affinity": "cookie"]
            case _ where key.hasPrefix("cors"): ["enable-cors": "true"]
            case "auth-secret", "auth-realm", "auth-secret-type", "auth-type":
                ["auth-type": "basic", "auth-secret": "users"]
            case _ where key.hasPrefix("auth-tls"): ["auth-tls-secret": "users"]
            case _ where key.hasPrefix("auth-"):
                ["auth-url": "http://127.0.0.1:7001/", "auth-signin": "http://a.test/"]
            case "permanent-redirect-code": ["permanent-redirect": "http://a.test/"]
            case "temporal-redirect-code": ["temporal-redirect": "http://a.test/"]
            case "proxy-redirect-to": ["proxy-redirect-from": "http://inner.test/"]
            case "proxy-redirect-from": ["proxy-redirect-to": "/"]
            case "mirror-host", "mirror-request-body": ["mirror-target": "http://127.0.0.1:7001/"]
            default: [:]
            }
        }

        private static func yaml(_ text: String) -> String {
            let escapes: [Character: String] = ["\r\n": "\\r\\n", "\n": "\\n", "\0": "\\0", "\"": "\\\"", "\\": "\\\\"]
            return "\"" + text.map { escapes[$0] ?? String($0) }.joined() + "\""
        }

        private static func ingress(
            _ name: String, path: String = "/", _ annotations: [String: String], host: String? = nil
        ) -> String {
            let notes = annotations.sorted { $0.key < $1.key }.map { "\(prefix)\($0.key): \(yaml($0.value))" }
            return """
                ---
                apiVersion: networking.k8s.io/v1
                kind: Ingress
                metadata: {name: \(name), namespace: default, annotations: {\(notes.joined(separator: ", "))}}
                spec:
                  ingressClassName: portico
                  rules:
                  - host: \(host ?? name).test
                    http:
                      paths:
                      - {path: \(yaml(path)), pathType: ImplementationSpecific, backend: {service: {name: echo, port: {number: 80}}}}

                """
        }

        private final class Gateway {
            let gateway: TestGateway
            let backend: ScriptedBackend
            let log: TemporaryFolder
            private var connection: RawConnection

            init(_ documents: String) throws {
                backend = try ScriptedBackend(echoing: "echo")
                log = try TemporaryFolder()
                let settings = """
                    ---
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: settings, namespace: default}
                    data:
                      allow-snippet-annotations: "true"
                      annotations-risk-level: Critical
                      access-log-path: \(log("access.log"))
                      keep-alive-requests: "100000"
                      log-format-upstream: "L $host $uri $http_x_text $status"

                    """
                let text = (documents + HostileInputTests.ingress("victim", [:])).replacingOccurrences(
                    of: "7001", with: "\(backend.address.port)")
                gateway = try TestGateway(
                    workers: 1,
                    files: [
                        "all.yaml": text + settings + Manifests.service("echo", at: [backend.address])
                            + Manifests.secret(
                                "users", ["auth": Array("ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/".utf8)])
                    ], arguments: ["--configmap", "default/settings"])
                connection = try RawConnection(to: gateway.http)
            }

            /// One request on the connection that all share: an answer with more in it than it should would spoil the next one.
            func ask(_ host: String, _ target: String = "/", _ headers: [String] = []) throws -> HTTPMessage {
                let lines = ["GET \(target) HTTP/1.1", "Host: \(host).test"] + headers
                try connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
                let answer = try #require(try connection.receiveMessage(isResponse: true))
                if answer["Connection"] == "close" { connection = try RawConnection(to: gateway.http) }
                return answer
            }

            /// What holds whatever was asked.
            func check(_ answer: HTTPMessage, _ what: String) throws {
                #expect(answer.startLine.hasPrefix("HTTP/1.1 "), "\(what)")
                #expect(answer["X-Injected"] == nil && !answer.text.hasPrefix("injected"), "\(what)")
                let names = answer.fields.map(\.name)
                #expect(names.allSatisfy { !$0.isEmpty && !$0.contains(" ") }, "\(what): \(names)")
                let victim = try ask("victim")
                let isWell = victim.status == 200 && victim.echo["Host"] == "victim.test" && victim.fields.count < 6
                #expect(isWell, "\(what) harms others")
            }

            func checkEndpointAndLog() {
                for request in backend.received {
                    #expect(request["X-Injected"] == nil && request.startLine.hasSuffix(" HTTP/1.1"))
                    #expect(request.startLine.split(separator: " ").count == 3)
                }
                #expect((try? gateway.get("/", host: "end.test"))?.status == 200)
                eventually("the log is written") { log.text(of: "access.log").contains("end.test") }
                let lines = log.text(of: "access.log").split(whereSeparator: \.isNewline)
                #expect(lines.allSatisfy { $0.hasPrefix("L ") && !$0.contains("\0") })
                let output = gateway.program.output.split(whereSeparator: \.isNewline)
                #expect(!output.contains { $0.hasPrefix("X-Injected") || $0.hasPrefix("HTTP/1.1 200") })
            }
        }

        @Test func `no annotation's value gets into another host, a header or a log as it is`() throws {
            struct Entry: Decodable { var key: String }
            let (_, table) = try RunningProgram.run("portico", ["annotations", "--output", "json"])
            // A snippet may say what its author may: it has a test of its own.
            let keys = try JSONDecoder().decode([Entry].self, from: Data(table.utf8)).map(\.key)
                .filter { !$0.hasSuffix("-snippet") }
            #expect(keys.count > 100)
            var documents = Self.ingress("end", [:])
            var names: [(name: String, what: String)] = []
            for (number, key) in keys.enumerated() {
                for (index, value) in Self.values.enumerated() {
                    let name = "k\(number)-v\(index)"
                    names.append((name, "\(key): \(value.debugDescription)"))
                    if key.hasPrefix("canary") {
                        documents += Self.ingress("\(name)-main", [:], host: name)
                        let canary = ["canary": "true", "canary-weight": "100"].merging([key: value]) { $1 }
                        documents += Self.ingress(name, canary)
                    } else {
                        documents += Self.ingress(name, Self.company(of: key).merging([key: value]) { $1 })
                    }
                }
            }
            let gateway = try Gateway(documents)
            for (name, what) in names {
                let answer = try gateway.ask(name, "/a", ["Origin: https://a.test", "X-Text: text"])
                try gateway.check(answer, what)
            }
            gateway.checkEndpointAndLog()
        }

        @Test func `what clients send gets into no header and no log as it is`() throws {
            let places: [(name: String, path: String, annotations: [String: String])] = [
                ("location", "/", ["permanent-redirect": "http://a.test$uri"]),
                ("captured", "/(.*)", ["rewrite-target": "/x/$1"]),
                ("redirected", "/(.*)", ["rewrite-target": "http://a.test/$1"]),
                ("returned", "/", ["configuration-snippet": "return 302 http://a.test$uri;"]),
                ("rewritten", "/", ["configuration-snippet": "rewrite ^/(.*)$ http://a.test/$1 redirect;"]),
                ("inside", "/", ["configuration-snippet": "rewrite ^/(.*)$ /y/$1 break;"]),
                (
                    "answered", "/",
                    ["configuration-snippet": "add_header X-Path $uri always; more_set_headers \"X-More: $uri\";"]
                ),
                (
                    "told", "/",
                    ["configuration-snippet": "proxy_set_header X-Path $uri; more_set_input_headers \"X-In: $uri\";"]
                ),
                (
                    "asked", "/",
                    ["auth-url": "http://127.0.0.1:7001$uri", "auth-snippet": "proxy_set_header X-Path $uri;"]
                ),
                ("mirrored", "/", ["mirror-target": "http://127.0.0.1:7001$uri"]),
                ("hashed", "/", ["upstream-hash-by": "$uri"]),
                (
                    "quoted", "/",
                    [
                        "configuration-snippet":
                            "add_header X-A \"b\\r\\nX-Injected: 1\"; return 302 \"http://a.test/\\r\\nX-Injected: 1\";"
                    ]
                ),
                ("www", "/", ["from-to-www-redirect": "true", "app-root": "/a"]),
            ]
            let documents = places.map { Self.ingress($0.name, path: $0.path, $0.annotations) }.joined()
            let gateway = try Gateway(documents + Self.ingress("end", [:]))
            let targets = [
                "/%0d%0aX-Injected:%201%0d%0a%0d%0a", "/%0AX-Injected:%201", "/a%00b", "/%22;%20add_header",
                "/a?b=%0d%0ac",
                "/%E2%80%A8/%C2%85",
            ]
            for place in places {
                for target in targets {
                    let answer = try gateway.ask(place.name, target, ["X-Text: \u{85}\u{2028}"])
                    try gateway.check(answer, "\(place.name) \(target)")
                }
            }
            gateway.checkEndpointAndLog()
        }

        @Test func `a pattern that runs away costs its own request`() throws {
            let pattern = "^/(a+)+(a+)+(a+)+$"
            let places: [(name: String, path: String, annotations: [String: String])] = [
                ("path", "/(a+)+(a+)+(a+)+$", ["use-regex": "true"]),
                ("rewrite", "/(a+)+(a+)+(a+)+$", ["rewrite-target": "/$1"]),
                ("snippet", "/", ["configuration-snippet": "rewrite \(pattern) /x break;"]),
                ("condition", "/", ["configuration-snippet": "if ($uri ~ \"\(pattern)\") { return 204; }"]),
                ("nested", "/", ["server-snippet": "location ~ \(pattern) { return 204; }"]),
                ("alias", "/", ["server-alias": "~^(a+)+(a+)+(a+)+$"]),
                ("cookies", "/", ["proxy-cookie-path": "~\(pattern) /"]),
                ("moved", "/", ["proxy-redirect-from": "~\(pattern)", "proxy-redirect-to": "/"]),
            ]
            let canary = [
                "canary": "true", "canary-by-header": "X-Next", "canary-by-header-pattern": "^(a+)+(a+)+(a+)+$",
            ]
            let documents = places.map { Self.ingress($0.name, path: $0.path, $0.annotations) }.joined()
            let gateway = try Gateway(
                documents + Self.ingress("end", [:]) + Self.ingress("main", [:])
                    + Self.ingress("next", canary, host: "main"))
            let worker = gateway.gateway.workerProcesses
            let long = String(repeating: "a", count: 2_000) + "b"
            let reply = ["X-Reply: Set-Cookie: a=b; Path=/\(long)", "X-Reply: Location: /\(long)", "X-Next: \(long)"]
            for name in places.map(\.name) + ["main", long.prefix(60) + "b"] {
                let answer = try gateway.ask(name, "/\(long)", reply)
                #expect([200, 404, 500].contains(answer.status), "\(name): \(answer.status)")
                #expect(try gateway.ask("victim").status == 200)
            }
            #expect(gateway.gateway.workerProcesses == worker)
            gateway.checkEndpointAndLog()
        }
    }
}
