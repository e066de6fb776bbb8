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
