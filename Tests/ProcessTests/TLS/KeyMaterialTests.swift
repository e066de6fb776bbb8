import Foundation
import KubernetesTestServer
import TestSupport
import Testing

extension ProcessTests {
    /// Certificates, parameters and keys that clients of `openssl s_client` see.
    @Suite struct KeyMaterialTests {
        @Test func `keys of both sorts stand side by side, and what has expired is not shown`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TLSGateway(hosts: ["pair.test"], backend: backend.address)
            let authority = gateway.certificates
            let rsa = authority.server("rsa", alternatives: ["DNS:pair.test"], isRSA: true)
            try gateway.gateway.write(
                TLSGateway.ingress("second", host: "pair.test").replacingOccurrences(
                    of: "path: /\n", with: "path: /second\n")
                    + TLSGateway.secret("second", rsa), to: "second.yaml")
            func shown(_ sort: String) throws -> String {
                try gateway.handshake("-tls1_2", "-cipher", "ECDHE-\(sort)-AES128-GCM-SHA256", name: "pair.test")
            }
            try eventually("the RSA certificate is shown") { try shown("RSA").contains("subject=CN = rsa") }
            #expect(try shown("ECDSA").contains("subject=CN = pair.test"))

            let old = authority.server("old.test", alternatives: ["DNS:old.test"], seconds: -60)
            try gateway.gateway.write(
                TLSGateway.ingress("old", host: "old.test") + TLSGateway.secret("old", old), to: "old.yaml")
            eventually("people are told") { gateway.gateway.program.output.contains("has expired") }
            #expect(try gateway.commonName(for: "old.test") == "fallback")
            #expect(try shown("ECDSA").contains("subject=CN = pair.test"))
        }

        @Test func `a Secret of no use is told of, and harms no other host`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TLSGateway(hosts: ["good.test"], backend: backend.address)
            let authority = gateway.certificates
            let right = authority.server("mixed.test", alternatives: ["DNS:mixed.test"])
            let nonsense = TestCertificates.Pair(certificate: Array("nonsense".utf8), key: right.key)
            var mixed = authority.server("mixed.test", alternatives: ["DNS:mixed.test"])
            mixed.key = right.key
            let other = authority.server("other", alternatives: ["DNS:elsewhere.test"])
            for (name, pair) in [("nonsense", nonsense), ("mixed", mixed), ("other", other)] {
                try gateway.gateway.write(
                    TLSGateway.ingress(name, host: "\(name).test") + TLSGateway.secret(name, pair), to: "\(name).yaml")
            }
            for fault in ["Secret default/nonsense: ", "not that of the certificate", "does not name other.test"] {
                eventually("people are told: \(fault)") { gateway.gateway.program.output.contains(fault) }
            }
            for name in ["nonsense.test", "mixed.test", "other.test"] {
                #expect(try gateway.commonName(for: name) == "fallback")
                #expect(try gateway.curl("https://\(name)/", "-k").contains(" 200"))
            }
            #expect(try gateway.commonName(for: "good.test") == "good.test")
            // Those that are shown are on the page of metrics, for alerts on their end.
            let left = try gateway.gateway.metric(
                "nginx_ingress_controller_ssl_expire_time_seconds", where: "good.test")
            #expect((80_000...90_000).contains(left - Date().timeIntervalSince1970))
            let known = try gateway.gateway.metricsPage().split(separator: "\n").filter {
                $0.hasPrefix("nginx_ingress_controller_ssl_certificate_info")
            }
            #expect(known.count == 2)
            for label in ["host=\"good.test\"", "issuer_common_name=\"test authority\"", "secret_name=\"host-0\""] {
                #expect(known[0].contains(label) || known[1].contains(label), "\(known)")
            }
            // Without a default of its own, the gateway shows one that nobody believes.
            try gateway.gateway.write(TLSGateway.secret("fallback", mixed), to: "fallback.yaml")
            try eventually("the built-in one is shown") {
                try gateway.commonName(for: "mixed.test") == "Portico default certificate"
            }
            #expect(gateway.gateway.program.output.contains("--default-ssl-certificate names"))
            #expect(try gateway.commonName(for: "good.test") == "good.test")
        }

        @Test func `the key exchange is as the settings say`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TLSGateway(
                hosts: ["shop.test"], settings: ["ssl-ecdh-curve": "P-384", "ssl-dh-param": "default/parameters"],
                backend: backend.address)
            let parameters = try RunningProgram.run(
                "/usr/bin/openssl",
                ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe3072"]
            ).output
            try gateway.gateway.write(
                Manifests.secret("parameters", ["dhparam.pem": Array(parameters.utf8)])
                    + TLSGateway.secret(
                        "host-0", gateway.certificates.server("shop.test", alternatives: ["DNS:shop.test"], isRSA: true)
                    ),
                to: "parameters.yaml")
            try gateway.gateway.write(TLSGateway.ingress("host-0", host: "shop.test"), to: "host-0.yaml")
            try eventually("the finite field is used") {
                let answer = try gateway.handshake(
                    "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256", name: "shop.test")
                return answer.contains("Server Temp Key: DH, 3072 bits")
            }
            #expect(try gateway.handshake("-tls1_3", name: "shop.test").contains("ECDH, secp384r1, 384 bits"))
        }

        @Test func `a ticket of one gateway is taken by another with the same key, and by none without`() throws {
            let backend = try ScriptedBackend(named: "shop")
            func settings(_ key: [UInt8]) -> [String: String] {
                [
                    "ssl-session-tickets": "true", "ssl-session-cache": "false",
                    "ssl-session-ticket-key": Data(key).base64EncodedString(),
                ]
            }
            let key = [UInt8]((0..<80).map { UInt8($0) })
            let gateways = try (0..<2).map { _ in
                try TLSGateway(workers: 2, hosts: ["shop.test"], settings: settings(key), backend: backend.address)
            }
            let folder = try TemporaryFolder()
            func handshake(_ gateway: TLSGateway, _ arguments: String...) throws -> String {
                try gateway.client(
                    ["-tls1_2"] + arguments, name: "shop.test", command: "openssl s_client \"$@\" </dev/null")
            }
            for gateway in gateways {
                try eventually("TLS is served") { try gateway.commonName(for: "shop.test") == "shop.test" }
            }
            #expect(try handshake(gateways[0], "-sess_out", folder("session")).contains("New, TLSv1.2"))
            let resumption = try handshake(gateways[1], "-sess_in", folder("session"))
            #expect(resumption.contains("Reused, TLSv1.2"))
            // The key before the present one is still known, the one before that is not.
            try gateways[1].change(settings: settings(key.reversed()), until: "the key is another") {
                try handshake(gateways[1], "-sess_out", folder("other")).contains("New, TLSv1.2")
                    && !handshake(gateways[0], "-sess_in", folder("other")).contains("Reused")
            }
            #expect(try handshake(gateways[1], "-sess_in", folder("session")).contains("Reused"))
            // The ConfigMap is in no version: its key is a secret.
            let history = try Data(
                contentsOf: URL(fileURLWithPath: gateways[0].gateway.folder("data/snapshots.sqlite")))
            #expect(history.range(of: Data(key)) == nil)
        }

        @Test func `keys that are derived from a seed hold across gateways`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateways = try (0..<2).map { _ in
                try TLSGateway(
                    hosts: ["shop.test"], settings: ["ssl-session-tickets": "true", "ssl-session-cache": "false"],
                    backend: backend.address, arguments: ["--ticket-seed-secret", "default/seed"])
            }
            let folder = try TemporaryFolder()
            func handshake(_ gateway: TLSGateway, _ arguments: String...) throws -> String {
                try gateway.client(
                    ["-tls1_2"] + arguments, name: "shop.test", command: "openssl s_client \"$@\" </dev/null")
            }
            for gateway in gateways {
                try eventually("TLS is served") { try gateway.commonName(for: "shop.test") == "shop.test" }
                #expect(gateway.gateway.program.output.contains("which --ticket-seed-secret names"))
            }
            _ = try handshake(gateways[0], "-sess_out", folder("session"))
            #expect(try handshake(gateways[1], "-sess_in", folder("session")).contains("New, TLSv1.2"))
            let seed = Array("a seed of thirty-two bytes or more".utf8)
            for gateway in gateways {
                try gateway.gateway.write(Manifests.secret("seed", ["seed": seed]), to: "seed.yaml")
            }
            try eventually("both have the same keys") {
                _ = try handshake(gateways[0], "-sess_out", folder("session"))
                return try handshake(gateways[1], "-sess_in", folder("session")).contains("Reused, TLSv1.2")
            }
        }
    }
}
