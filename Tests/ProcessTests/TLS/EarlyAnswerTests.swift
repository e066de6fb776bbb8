import Foundation
import TestSupport
import Testing

extension ProcessTests {
    /// Requests over HTTP/2 that are answered while their bodies are on their way.
    @Suite struct EarlyAnswerTests {
        @Test func `curl gets the answer to a body that nobody wants, every time`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TLSGateway(hosts: ["shop.test"], backend: backend.address)
            try gateway.gateway.write(
                TLSGateway.ingress(
                    "host-0", host: "shop.test", ["nginx.ingress.kubernetes.io/proxy-body-size": "1k"])
                    + TLSGateway.secret(
                        "host-0",
                        gateway.certificates.server("shop.test", alternatives: ["DNS:shop.test", "DNS:closed.test"]))
                    + TLSGateway.ingress(
                        "closed", host: "closed.test",
                        ["nginx.ingress.kubernetes.io/whitelist-source-range": "192.0.2.0/24"]
                    ).replacingOccurrences(of: "secretName: closed", with: "secretName: host-0"), to: "host-0.yaml")
            try eventually("both hosts are served") {
                try gateway.curl("https://closed.test/").hasPrefix("HTTP/2 403")
                    && gateway.curl("https://shop.test/", "-d", String(repeating: "x", count: 2_000))
                        .hasPrefix("HTTP/2 413")
            }
            let bodies = try TemporaryFolder()
            for (name, count) in [("small", 1), ("middling", 5_000), ("large", 3_000_000)] {
                try bodies.write(String(repeating: "x", count: count), to: name)
            }
            for (host, body, status) in [
                ("closed", "small", "403"), ("closed", "middling", "403"), ("closed", "large", "403"),
                ("shop", "middling", "413"), ("shop", "large", "413"),
            ] {
                let output = try RunningProgram.run(
                    "/bin/bash",
                    [
                        "-c",
                        """
                        for round in {1..50}; do
                            curl -sS --http2 -o /dev/null -w '%{http_code} %{errormsg}\\n' --max-time 10 --cacert "$1" \\
                                --connect-to "::$2" --data-binary "@$3" "$4" 2>/dev/null
                        done
                        """, "bash", gateway.authority, "\(gateway.https)", bodies(body), "https://\(host).test/",
                    ]
                ).output
                let answers = Set(output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) })
                #expect(answers == [status], "\(host) \(body)")
            }
        }
    }
}
