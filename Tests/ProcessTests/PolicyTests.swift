import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// Annotations as people write them, seen on the wire through the real programs.
    @Suite struct PolicyTests {
        private static let prefix = "nginx.ingress.kubernetes.io/"

        private func ingress(
            _ name: String, path: String = "/", pathType: String = "Prefix", service: String = "shop",
            _ annotations: [String: String]
        ) -> String {
            let notes = annotations.mapKeys { Self.prefix + $0 }
            return Manifests.ingress(name, host: "\(name).test", path: path, service: service, annotations: notes)
                .replacingOccurrences(of: "pathType: Prefix", with: "pathType: \(pathType)")
        }

        private func gateway(_ backend: ScriptedBackend, _ documents: String...) throws -> TestGateway {
            try TestGateway(files: [
                "all.yaml": documents.joined() + Manifests.service("shop", at: [backend.address])
            ])
        }

        private func request(
            _ gateway: TestGateway, _ target: String = "/", host: String, _ headers: [String] = []
        ) throws -> HTTPMessage {
            try RawConnection(to: gateway.http).get(target, host: host, headers: headers + ["Connection: close"])
        }

        @Test func `paths are rewritten and requests redirected`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try gateway(
                backend,
                ingress(
                    "rewrite", path: "/api(/|$)(.*)", pathType: "ImplementationSpecific",
                    ["rewrite-target": "/$2", "use-regex": "true", "x-forwarded-prefix": "/api"]),
                ingress("away", ["permanent-redirect": "https://www.example.com", "permanent-redirect-code": "308"]),
                ingress("root", ["app-root": "/app"]))
            #expect(try request(gateway, "/api/v1/x?q=1", host: "rewrite.test").status == 200)
            #expect(backend.received.last?.startLine == "GET /v1/x?q=1 HTTP/1.1")
            #expect(backend.received.last?["X-Forwarded-Prefix"] == "/api")
            let away = try request(gateway, "/", host: "away.test")
            #expect(away.status == 308 && away["Location"] == "https://www.example.com")
            let root = try request(gateway, "/", host: "root.test")
            #expect(root.status == 302 && root["Location"] == "http://root.test/app")
        }

        @Test func `access is limited by address, password and rate, for all workers together`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let secret = """
                ---
                apiVersion: v1
                kind: Secret
                metadata: {name: users, namespace: default}
                stringData: {auth: "ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/"}

                """
            let gateway = try gateway(
                backend, secret, ingress("closed", ["whitelist-source-range": "10.0.0.0/8"]),
                ingress("open", ["whitelist-source-range": "127.0.0.0/8"]),
                ingress("guarded", ["auth-type": "basic", "auth-secret": "users", "auth-realm": "Shop"]),
                ingress("broken", ["auth-type": "basic", "auth-secret": "nowhere"]),
                ingress("slow", ["limit-rpm": "2", "limit-burst-multiplier": "2"]))
            #expect(try request(gateway, host: "closed.test").status == 403)
            #expect(try request(gateway, host: "open.test").status == 200)
            let refused = try request(gateway, host: "guarded.test")
            #expect(refused.status == 401 && refused["WWW-Authenticate"] == "Basic realm=\"Shop\"")
            let credentials = ["Authorization: Basic YW5uOnNlY3JldA=="]
            #expect(try request(gateway, host: "guarded.test", credentials).status == 200)
            #expect(try request(gateway, host: "broken.test").status == 503)
            // Connections land on either worker; the first request and a burst of four pass.
            let statuses = try (0..<12).map { _ in try request(gateway, host: "slow.test").status }
            #expect(statuses.filter { $0 == 200 }.count == 5 && statuses.suffix(7).allSatisfy { $0 == 503 })
        }

        @Test func `another service decides, and its cookies and headers go along`() throws {
            let service = try ScriptedBackend { request, _ in
                request["Cookie"] == "good=1"
                    ? Array("HTTP/1.1 200 OK\r\nX-User: ann\r\nSet-Cookie: seen=1\r\nContent-Length: 0\r\n\r\n".utf8)
                    : Array("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".utf8)
            }
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try gateway(
                backend,
                ingress(
                    "asked",
                    [
                        "auth-url": "http://\(service.address)/check", "auth-response-headers": "X-User",
                        "auth-signin": "https://login.test/start",
                    ]))
            let refused = try request(gateway, "/page?a=b", host: "asked.test")
            #expect(refused.status == 302)
            #expect(refused["Location"]?.hasPrefix("https://login.test/start?rd=http") == true)
            let passed = try request(gateway, "/page", host: "asked.test", ["Cookie: good=1"])
            #expect(passed.status == 200 && passed["Set-Cookie"] == "seen=1")
            #expect(backend.received.last?["X-User"] == "ann")
            #expect(service.received.last?["X-Original-Method"] == "GET")
        }

        @Test func `canaries and sessions choose the endpoint`() throws {
            let (main, canary) = (try ScriptedBackend(named: "main"), try ScriptedBackend(named: "canary"))
            let gateway = try TestGateway(files: [
                "all.yaml": Manifests.ingress("shop", host: "shop.test", service: "main")
                    + Manifests.ingress(
                        "next", host: "shop.test", service: "canary",
                        annotations: [
                            Self.prefix + "canary": "true", Self.prefix + "canary-by-header": "X-Next",
                            Self.prefix + "canary-by-cookie": "next",
                        ])
                    + ingress("sticky", service: "main", ["affinity": "cookie", "session-cookie-name": "route"])
                    + Manifests.service("main", at: [main.address]) + Manifests.service("canary", at: [canary.address])
            ])
            #expect(try request(gateway, host: "shop.test").text == "main")
            #expect(try request(gateway, host: "shop.test", ["X-Next: always"]).text == "canary")
            #expect(try request(gateway, host: "shop.test", ["Cookie: next=always"]).text == "canary")
            #expect(try request(gateway, host: "shop.test", ["X-Next: never", "Cookie: next=always"]).text == "main")
            let first = try request(gateway, host: "sticky.test")
            let cookie = try #require(first["Set-Cookie"])
            #expect(cookie.hasPrefix("route="))
            let pair = String(cookie.prefix { $0 != ";" })
            #expect(try request(gateway, host: "sticky.test", ["Cookie: \(pair)"])["Set-Cookie"] == nil)
        }

        @Test func `rules of ModSecurity refuse what they are to refuse, on their routes alone`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let settings = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: portico, namespace: default}
                data: {allow-snippet-annotations: "true", annotations-risk-level: Critical}

                """
            let rule = #"SecRuleEngine On\nSecRule ARGS \"@contains evil\" \"id:1,phase:2,deny,status:403\""#
            let gateway = try TestGateway(
                files: [
                    "all.yaml": settings + ingress("open", [:])
                        + ingress("ruled", ["enable-modsecurity": "true", "modsecurity-snippet": rule])
                        + ingress("logged", ["enable-modsecurity": "true", "enable-owasp-core-rules": "true"])
                        + ingress(
                            "broken", ["enable-modsecurity": "true", "modsecurity-snippet": "Include /etc/passwd"])
                        + ingress("wrong", ["enable-modsecurity": "true", "modsecurity-snippet": "SecRule ARGS"])
                        + Manifests.service("shop", at: [backend.address])
                ], arguments: ["--configmap", "default/portico"])
            #expect(try request(gateway, "/?a=evil", host: "open.test").status == 200)
            #expect(try request(gateway, "/?a=evil", host: "ruled.test").status == 403)
            #expect(try request(gateway, "/?a=good", host: "ruled.test").status == 200)
            let form = "POST / HTTP/1.1\r\nHost: ruled.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            for (body, status) in [("a=evil", 403), ("a=good", 200)] {
                let connection = try RawConnection(to: gateway.http)
                try connection.send("\(form)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(try connection.receiveMessage(isResponse: true)?.status == status)
            }
            #expect(try request(gateway, "/?id=1%27%20or%20%271%27=%271", host: "logged.test").status == 200)
            eventually("the core rules log what they see") { gateway.program.output.contains("SQL Injection") }
            #expect(try request(gateway, host: "broken.test").status == 503)
            #expect(try request(gateway, host: "wrong.test").status == 503)
            let status = try gateway.portico("status").output
            #expect(status.contains("reads a file") && status.contains("ModSecurity does not take the rules"))
        }

        @Test func `databases of addresses say where a client is`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let settings = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: portico, namespace: default}
                data: {use-geoip2: "true", proxy-set-headers: default/geo, allow-snippet-annotations: "true"}
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: geo, namespace: default}
                data: {X-Country: "$geoip2_city_country_code", X-Network: "$geoip2_asn"}

                """
            let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Databases"
            let gateway = try TestGateway(
                files: [
                    "all.yaml": settings + Manifests.ingress("shop", host: "shop.test", service: "shop")
                        + Manifests.service("shop", at: [backend.address])
                ], arguments: ["--configmap", "default/portico", "--geoip-database-dir", folder])
            #expect(try request(gateway, host: "shop.test").status == 200)
            #expect(backend.received.last?["X-Country"] == "DE" && backend.received.last?["X-Network"] == "64512")
            // A worker that is started again gets them too.
            let workers = gateway.workerProcesses
            for worker in workers { kill(worker, SIGKILL) }
            eventually("new workers know the databases") {
                Set(gateway.workerProcesses).isDisjoint(with: workers)
                    && (try? request(gateway, host: "shop.test"))?.status == 200
                    && backend.received.last?["X-Country"] == "DE"
            }
        }

        @Test func `responses are opened to other origins, compressed and dressed`() throws {
            let backend = try ScriptedBackend { _, _ in
                let body = String(repeating: "hello ", count: 500)
                return Array(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        .utf8)
            }
            let settings = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: portico, namespace: default}
                data: {use-gzip: "true", gzip-types: "text/plain", enable-brotli: "true", brotli-types: "text/plain"}

                """
            let gateway = try TestGateway(
                files: [
                    "all.yaml": settings
                        + ingress("cors", ["enable-cors": "true", "cors-allow-origin": "https://*.example.com"])
                        + Manifests.service("shop", at: [backend.address])
                ], arguments: ["--configmap", "default/portico"])
            let response = try request(
                gateway, host: "cors.test", ["Origin: https://a.example.com", "Accept-Encoding: gzip, br"])
            #expect(response["Access-Control-Allow-Origin"] == "https://a.example.com")
            #expect(response["Content-Encoding"] == "br" && response.body.count < 500)
            let plain = try request(gateway, host: "cors.test", ["Accept-Encoding: identity"])
            #expect(plain["Content-Encoding"] == nil && plain.body.count == 3_000)
        }
    }
}

extension Dictionary {
    fileprivate func mapKeys<T: Hashable>(_ transform: (Key) -> T) -> [T: Value] {
        [T: Value](uniqueKeysWithValues: map { (transform($0.key), $0.value) })
    }
}
