import Foundation
import TestSupport
import Testing

extension ProcessTests {
    /// Handshakes of `openssl s_client` with the real programs.
    @Suite struct HandshakeTests {
        private func shop(_ hosts: [String], workers: Int = 1, settings: [String: String] = [:]) throws -> TLSGateway {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TLSGateway(workers: workers, hosts: hosts, settings: settings, backend: backend.address)
            try eventually("TLS is served") { try gateway.commonName(for: hosts[0]) == hosts[0] }
            return gateway
        }

        @Test func `the name chooses the certificate: exact, wildcard, or the default`() throws {
            let gateway = try shop(["shop.test", "*.shop.test", "other.test"])
            for (name, certificate) in [
                ("shop.test", "shop.test"), ("SHOP.test", "shop.test"), ("a.shop.test", "*.shop.test"),
                ("a.b.shop.test", "fallback"), ("other.test", "other.test"), ("unknown.test", "fallback"),
                (nil, "fallback"),
            ] {
                #expect(try gateway.commonName(for: name) == certificate, "\(name ?? "no name")")
            }
            #expect(try gateway.handshake(name: "shop.test").contains("Verify return code: 0 (ok)"))
            // A certificate that is replaced serves the next handshake; one that is broken, the default.
            let pair = gateway.certificates.server("renewed", alternatives: ["DNS:shop.test"])
            try gateway.gateway.write(
                TLSGateway.ingress("host-0", host: "shop.test") + TLSGateway.secret("host-0", pair), to: "host-0.yaml")
            try eventually("the new one is shown") { try gateway.commonName(for: "shop.test") == "renewed" }
            try gateway.gateway.write(TLSGateway.ingress("host-0", host: "shop.test"), to: "host-0.yaml")
            try eventually("the default is shown") { try gateway.commonName(for: "shop.test") == "fallback" }
            #expect(try gateway.commonName(for: "other.test") == "other.test")
        }

        @Test func `versions, ciphers, renegotiation, early data and unknown names are as the settings say`() throws {
            let gateway = try shop(["shop.test"])
            func handshake(_ arguments: String...) throws -> String {
                try gateway.client(arguments, name: "shop.test", command: "openssl s_client \"$@\" </dev/null")
            }
            #expect(try handshake("-tls1_3").contains("New, TLSv1.3, Cipher is TLS_"))
            #expect(try handshake("-tls1_2").contains("New, TLSv1.2, Cipher is ECDHE-ECDSA-"))
            // At a level where the client would take the old versions.
            for version in ["-tls1", "-tls1_1"] {
                #expect(try handshake(version, "-cipher", "ALL:@SECLEVEL=0").contains("Cipher is (NONE)"))
            }
            #expect(try handshake("-tls1_2", "-cipher", "AES128-SHA").contains("Cipher is (NONE)"))
            #expect(try handshake().contains("Compression: NONE"))
            let renegotiation = try gateway.client(
                ["-tls1_2"], name: "shop.test",
                command: """
                    pipe=$(mktemp -u) && mkfifo "$pipe" && exec 3<>"$pipe" && rm "$pipe"
                    echo R >&3; timeout 5 openssl s_client "$@" <&3
                    """)
            #expect(renegotiation.contains("RENEGOTIATING") && renegotiation.contains("no renegotiation"))
            let session = try TemporaryFolder()
            try session.write("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n", to: "early")
            #expect(
                try gateway.client(
                    ["-tls1_3", "-sess_out", session("session")], name: "shop.test",
                    command: "(printf 'GET / HTTP/1.1\\r\\nHost: shop.test\\r\\nConnection: close\\r\\n\\r\\n'; "
                        + "cat) < <(sleep 0.1) | openssl s_client -ign_eof \"$@\""
                ).contains("Max Early Data: 0"))
            let early = try handshake("-tls1_3", "-sess_in", session("session"), "-early_data", session("early"))
            #expect(early.contains("Early data was not sent") || early.contains("Early data was rejected"))

            try gateway.change(
                settings: ["ssl-protocols": "TLSv1.2", "ssl-ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384"],
                until: "TLS 1.3 is off"
            ) {
                try handshake("-tls1_3").contains("Cipher is (NONE)")
            }
            #expect(try handshake().contains("New, TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"))
            #expect(try handshake("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256").contains("Cipher is (NONE)"))
            try gateway.change(settings: ["ssl-reject-handshake": "true"], until: "unknown names are refused") {
                try gateway.handshake(name: "unknown.test").contains("unrecognized name")
            }
            #expect(try gateway.commonName(for: "shop.test") == "shop.test")
        }

        @Test func `a session is resumed by whichever worker comes, unless tickets are off`() throws {
            let gateway = try shop(["shop.test"], workers: 3, settings: ["ssl-session-tickets": "true"])
            try eventually("every worker has the certificates") {
                try gateway.gateway.metric("portico_tls_handshakes_total") >= 0
                    && (0..<6).allSatisfy { _ in (try? gateway.commonName(for: "shop.test")) == "shop.test" }
            }
            let folder = try TemporaryFolder()
            let session = folder("session")
            func resume(_ version: String) throws -> [Bool] {
                // A request and its answer make sure that the tickets of TLS 1.3 have come.
                let ask = "printf 'GET / HTTP/1.1\\r\\nHost: shop.test\\r\\nConnection: close\\r\\n\\r\\n'"
                _ = try gateway.client(
                    [version, "-sess_out", session], name: "shop.test",
                    command: "\(ask) | openssl s_client -ign_eof \"$@\"")
                return try (0..<12).map { _ in
                    try gateway.client(
                        [version, "-sess_in", session], name: "shop.test", command: "openssl s_client \"$@\" </dev/null"
                    ).contains("Reused, TLSv1.")
                }
            }
            #expect(try resume("-tls1_3").allSatisfy { $0 })
            #expect(try resume("-tls1_2").allSatisfy { $0 })
            try gateway.change(
                settings: ["ssl-session-tickets": "false", "ssl-session-cache": "false"], until: "no tickets are given"
            ) {
                try !resume("-tls1_3").contains(true)
            }
        }

        @Test func `certificates change a thousand times under load, and no request fails`() throws {
            let gateway = try shop(["shop.test"], workers: 2, settings: ["keep-alive-requests": "1000000"])
            let load = try gateway.client("tls_load.py", "\(gateway.https.port)", "shop.test", gateway.authority)
            eventually("the load runs") { load.output.contains("running") }
            for round in 1...1_000 {
                let pair = gateway.certificates.server("round-\(round)", alternatives: ["DNS:shop.test"])
                try gateway.gateway.write(TLSGateway.secret("host-0", pair), to: "secret.yaml")
                if round == 1 {
                    try gateway.gateway.write(TLSGateway.ingress("host-0", host: "shop.test"), to: "host-0.yaml")
                }
            }
            try eventually("the last one is shown") { try gateway.commonName(for: "shop.test") == "round-1000" }
            load.send(SIGTERM)
            _ = load.wait(seconds: 10)
            let line = load.output.split(separator: "\n").last.map { Data($0.utf8) } ?? Data()
            let tally = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            #expect((tally["failures"] as? [String]) == [], "\(tally)")
            #expect((tally["certificates"] as? Int ?? 0) > 20, "\(tally)")
            #expect((tally["requests"] as? Int ?? 0) > 100, "\(tally)")
        }
    }
}
