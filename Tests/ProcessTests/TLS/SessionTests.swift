import Foundation
import TestSupport
import Testing

extension ProcessTests {
    /// Sessions, ciphers of hosts, and lengths of records, as clients of `openssl s_client` see them.
    @Suite struct SessionTests {
        private func gateway(_ settings: [String: String] = [:]) throws -> TLSGateway {
            let backend = try ScriptedBackend(named: String(repeating: "a body of some length ", count: 1_000))
            let gateway = try TLSGateway(hosts: ["shop.test"], settings: settings, backend: backend.address)
            try eventually("TLS is served") { try gateway.commonName(for: "shop.test") == "shop.test" }
            return gateway
        }

        @Test func `a worker remembers sessions without tickets, for clients that ask for them`() throws {
            let gateway = try gateway()
            let folder = try TemporaryFolder()
            func handshake(_ arguments: String...) throws -> String {
                try gateway.client(
                    ["-tls1_2"] + arguments, name: "shop.test", command: "openssl s_client \"$@\" </dev/null")
            }
            let first = try handshake("-sess_out", folder("session"))
            #expect(first.contains("New, TLSv1.2") && !first.contains("ticket lifetime"))
            #expect(try handshake("-sess_in", folder("session")).contains("Reused, TLSv1.2"))
            try eventually("it is counted") {
                try gateway.gateway.metric("portico_tls_handshakes_total", where: "resumed=\"true\"") >= 1
            }
            try gateway.change(settings: ["ssl-session-cache": "false"], until: "no session is remembered") {
                _ = try handshake("-sess_out", folder("session"))
                return try !handshake("-sess_in", folder("session")).contains("Reused")
            }
            try gateway.change(
                settings: ["ssl-session-tickets": "true", "ssl-session-timeout": "5m"], until: "tickets last 5 minutes"
            ) { try handshake().contains("lifetime hint: 300 ") }
        }

        @Test func `hosts have ciphers of their own, and an order`() throws {
            let gateway = try gateway()
            let (weak, strong) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")
            for (name, changes) in [
                ("own", [:]), ("client", ["nginx.ingress.kubernetes.io/ssl-prefer-server-ciphers": "false"]),
            ] {
                let pair = gateway.certificates.server("\(name).test", alternatives: ["DNS:\(name).test"])
                let annotations = ["nginx.ingress.kubernetes.io/ssl-ciphers": "\(strong):\(weak)"]
                    .merging(changes) { $1 }
                try gateway.gateway.write(
                    TLSGateway.ingress(name, host: "\(name).test", annotations) + TLSGateway.secret(name, pair),
                    to: "\(name).yaml")
                try eventually("TLS is served") { try gateway.commonName(for: "\(name).test") == "\(name).test" }
            }
            func chosen(_ host: String, of ciphers: String) throws -> String {
                let answer = try gateway.handshake("-tls1_2", "-cipher", ciphers, name: host)
                let line = answer.split(separator: "\n").first { $0.contains("Cipher is ") } ?? ""
                return line.split(separator: " ").last.map(String.init) ?? answer
            }
            #expect(try chosen("own.test", of: "\(weak):\(strong)") == strong)
            #expect(try chosen("client.test", of: "\(weak):\(strong)") == weak)
            #expect(try chosen("own.test", of: "ECDHE-ECDSA-CHACHA20-POLY1305") == "(NONE)")
            #expect(try chosen("shop.test", of: "ECDHE-ECDSA-CHACHA20-POLY1305") == "ECDHE-ECDSA-CHACHA20-POLY1305")
        }

        @Test func `records are as long as the settings say`() throws {
            let gateway = try gateway()
            /// The longest record with data of the server's.
            func longest() throws -> Int {
                let ask = "printf 'GET / HTTP/1.1\\r\\nHost: shop.test\\r\\nConnection: close\\r\\n\\r\\n'"
                let answer = try gateway.client(
                    ["-tls1_2"], name: "shop.test", command: "\(ask) | openssl s_client -ign_eof -quiet -msg \"$@\"")
                return answer.split(separator: "\n").compactMap { line -> Int? in
                    let words = line.split(separator: " ").map(String.init)
                    guard words.count == 5, words.prefix(3) == ["17", "03", "03"] else { return nil }
                    return Int(words[3] + words[4], radix: 16)
                }.max() ?? 0
            }
            #expect((4_096...4_160).contains(try longest()))
            try gateway.change(settings: ["ssl-buffer-size": "1k"], until: "records are shorter") {
                (1_024...1_088).contains(try longest())
            }
        }
    }
}
