import Foundation
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// TLS to endpoints, from the annotations to the wire.
    @Suite struct UpstreamTLSTests {
        private let authority = TestCertificates()
        private var server: TestCertificates.Pair { authority.server("shop", alternatives: ["DNS:shop.internal"]) }

        private func secret(_ authority: TestCertificates, client: String) -> String {
            let pair = authority.client(client)
            return Manifests.secret(
                "peers", ["tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": authority.authority])
        }

        private static let annotations = [
            "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS",
            "nginx.ingress.kubernetes.io/proxy-ssl-secret": "default/peers",
            "nginx.ingress.kubernetes.io/proxy-ssl-verify": "on",
            "nginx.ingress.kubernetes.io/proxy-ssl-name": "shop.internal",
            "nginx.ingress.kubernetes.io/proxy-ssl-server-name": "on",
        ]

        @Test func `endpoints are verified and shown a certificate, both of which change without a lost request`()
            throws
        {
            var options = TLSFront.Options()
            options.clientAuthority = authority.authority
            let plain = try ScriptedBackend(named: "shop")
            let front = try TLSFront(server, before: plain.address, options)
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "shop.yaml": Manifests.service("shop", at: [front.address])
                        + Manifests.ingress("shop", host: "shop.test", service: "shop", annotations: Self.annotations),
                    "secret.yaml": secret(authority, client: "first"),
                ])
            gateway.await("shop", host: "shop.test")
            #expect(front.handshakes.last?.serverName == "shop.internal")
            #expect(front.handshakes.last?.clientName == "first")

            // Requests go on while the certificate changes, and every one is answered.
            try gateway.write(secret(authority, client: "second"), to: "secret.yaml")
            try eventually("the new certificate is shown") {
                guard try gateway.get("/", host: "shop.test").text == "shop" else {
                    Issue.record("a request was lost")
                    return true
                }
                return front.handshakes.last?.clientName == "second"
            }

            // Another authority: nobody believes the endpoint any more.
            try gateway.write(secret(TestCertificates(name: "other"), client: "third"), to: "secret.yaml")
            try eventually("the endpoint is not believed") { try gateway.get("/", host: "shop.test").status == 502 }
            try eventually("people are told why") {
                try gateway.program.output.contains("certificate verify failed")
                    && gateway.metric("portico_upstream_errors_total", where: "reason=\"tls\"") > 0
            }

            // No Secret at all: the routes are withheld, and come back with it.
            try FileManager.default.removeItem(atPath: "\(gateway.manifests)/secret.yaml")
            try eventually("the routes are withheld") { try gateway.get("/", host: "shop.test").status == 503 }
            try gateway.write(secret(authority, client: "fourth"), to: "secret.yaml")
            gateway.await("shop", host: "shop.test")
            #expect(front.handshakes.last?.clientName == "fourth")
        }

        @Test func `versions, ciphers, names and depth are as the annotations say`() throws {
            let plain = try ScriptedBackend(named: "shop")
            let near = try TLSFront(server, before: plain.address)
            let first = TestCertificates(name: "first", superior: authority)
            let second = TestCertificates(name: "second", superior: first)
            var far = second.server("far", alternatives: ["DNS:shop.internal"])
            far.certificate += second.authority + first.authority
            let behind = try TLSFront(far, before: plain.address)
            var files = [
                "services.yaml": Manifests.service("near", at: [near.address])
                    + Manifests.service("far", at: [behind.address]),
                "secret.yaml": secret(authority, client: "gateway"),
            ]
            for (host, service, changes) in [
                ("old", "near", ["protocols": "TLSv1.2", "ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384"]),
                ("new", "near", ["protocols": "TLSv1.3"]), ("unnamed", "near", ["server-name": "off"]),
                ("wrong", "near", ["name": "other.internal"]), ("shallow", "far", [:]),
                ("deep", "far", ["verify-depth": "2"]), ("blind", "far", ["verify": "off"]),
            ] {
                var annotations = Self.annotations
                for (key, value) in changes { annotations["nginx.ingress.kubernetes.io/proxy-ssl-\(key)"] = value }
                files["\(host).yaml"] = Manifests.ingress(
                    host, host: "\(host).test", service: service, annotations: annotations)
            }
            let gateway = try TestGateway(workers: 1, files: files)
            gateway.await("shop", host: "old.test")
            let old = try #require(near.handshakes.last)
            #expect(old.version == "TLSv1.2" && old.cipher == "ECDHE-ECDSA-AES256-GCM-SHA384")
            gateway.await("shop", host: "new.test")
            #expect(near.handshakes.last?.version == "TLSv1.3" && near.handshakes.last?.serverName == "shop.internal")
            gateway.await("shop", host: "unnamed.test")
            #expect(near.handshakes.last?.serverName == nil)
            for (host, status) in [("wrong", 502), ("shallow", 502), ("deep", 200), ("blind", 200)] {
                #expect(try gateway.get("/", host: "\(host).test").status == status, "\(host)")
            }
        }

        @Test func `GRPCS speaks HTTP 2 over TLS`() throws {
            let plain = try ScriptedBackend { request, _ in
                ScriptedBackend.response(body: "\(request.startLine), te \(request["te"] ?? "-")")
            }
            let (folder, pair) = (try TemporaryFolder(), server)
            try folder.write(String(decoding: pair.certificate, as: UTF8.self), to: "server.crt")
            try folder.write(String(decoding: pair.key, as: UTF8.self), to: "server.key")
            let address = try FreePort.take()
            let program = try RunningProgram(
                "/usr/sbin/nghttpx",
                [
                    "--frontend=127.0.0.1,\(address.port)", "--backend=127.0.0.1,\(plain.address.port)",
                    "--workers=1", "--no-ocsp", "--conf=/dev/null", folder("server.key"), folder("server.crt"),
                ])
            eventually("nghttpx listens: \(program.output)") { (try? RawConnection(to: address)) != nil }
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "shop.yaml": Manifests.service("shop", at: [address])
                        + Manifests.ingress(
                            "shop", host: "shop.test", service: "shop",
                            annotations: ["nginx.ingress.kubernetes.io/backend-protocol": "GRPCS"])
                ])
            try eventually("the call is answered") {
                try gateway.get("/call", host: "shop.test").text.hasPrefix("GET /call HTTP/1.1")
            }
        }

        @Test func `AUTO_HTTP speaks as the client came`() throws {
            let plain = try ScriptedBackend(named: "plain")
            let behind = try ScriptedBackend(named: "secure")
            let front = try TLSFront(server, before: behind.address)
            let https = try FreePort.take()
            let annotations = [
                "nginx.ingress.kubernetes.io/backend-protocol": "AUTO_HTTP",
                "nginx.ingress.kubernetes.io/ssl-redirect": "false",
            ]
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "auto.yaml": Manifests.service("auto", at: [plain.address])
                        + Manifests.ingress("auto", host: "auto.test", service: "auto", annotations: annotations)
                ], arguments: ["--https", "\(https)"])
            gateway.await("plain", host: "auto.test")
            try gateway.write(
                Manifests.service("auto", at: [front.address])
                    + Manifests.ingress("auto", host: "auto.test", service: "auto", annotations: annotations),
                to: "auto.yaml")
            try eventually("the endpoint is spoken to over TLS") {
                let answer = try RunningProgram.run(
                    "/usr/bin/curl", ["-sk", "--connect-to", "auto.test:443:\(https)", "https://auto.test/"])
                return answer.output == "secure"
            }
        }

        @Test func `an authentication service is asked over TLS`() throws {
            let plain = try ScriptedBackend(named: "shop")
            let judge = try ScriptedBackend { request, _ in
                ScriptedBackend.response(request["X-Pass"] == "yes" ? "200 OK" : "403 Forbidden", body: "")
            }
            let front = try TLSFront(server, before: judge.address)
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "shop.yaml": Manifests.service("shop", at: [plain.address])
                        + Manifests.service("judge", at: [front.address])
                        + Manifests.ingress(
                            "shop", host: "shop.test", service: "shop",
                            annotations: [
                                "nginx.ingress.kubernetes.io/auth-url":
                                    "https://judge.default.svc.cluster.local:80/check"
                            ])
                ])
            try eventually("the request is refused") { try gateway.get("/", host: "shop.test").status == 403 }
            let passed = try RawConnection(to: gateway.http).get("/", host: "shop.test", headers: ["X-Pass: yes"])
            #expect(passed.text == "shop")
            #expect(front.handshakes.first?.serverName == "judge.default.svc.cluster.local")
            #expect(judge.received.first?.startLine == "GET /check HTTP/1.1")
        }
    }
}
