import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// Policies that clients meet over TLS and HTTP/2, by curl.
    @Suite struct HTTP2Tests {
        private func curl(_ wire: WireGateway, _ port: UInt16, _ host: String, _ more: [String]) throws -> String {
            let arguments = [
                "-s", "-k", "--http2", "-D", "-", "--resolve", "\(host).test:\(port):127.0.0.1", "-w",
                "\n%{http_version} %{http_code}",
            ]
            let (_, output) = try RunningProgram.run(
                "/usr/bin/curl", arguments + more + ["https://\(host).test:\(port)/page?a=b"])
            return output.replacingOccurrences(of: "\r", with: "")
        }

        private func gateway(_ fixture: String, _ backends: ScriptedBackend...) throws -> (WireGateway, UInt16) {
            let address = try FreePort.take()
            let wire = try WireGateway(
                fixture, backends[0], backends.count > 1 ? backends[1] : backends[0],
                arguments: ["--https", "\(address)"])
            return (wire, address.port)
        }

        @Test func `access is decided alike`() throws {
            let (wire, port) = try gateway("wire-access", try ScriptedBackend(echoing: "echo"))
            for (host, more, status) in [
                ("near", [], 200), ("far", [], 403), ("basic", [], 401), ("basic", ["-u", "ann:secret"], 200),
                ("basic", ["-u", "ann:wrong"], 401), ("digest", ["--digest", "-u", "dora:secret"], 200),
                ("methods", ["-X", "POST"], 403), ("bad-secret", [], 503),
                ("near", ["-A", "BadBot"], 403),
            ] {
                let output = try curl(wire, port, host, more)
                #expect(output.hasSuffix("\n2 \(status)"), "\(host) \(more): \(output)")
            }
        }

        @Test func `headers, cookies, redirects and rewrites are alike`() throws {
            let (headers, first) = try gateway(
                "wire-headers", try ScriptedBackend(echoing: "echo"), try ScriptedBackend(named: "mirror"))
            let cors = try curl(headers, first, "cors-origins", ["-H", "Origin: https://a.two.test"])
            #expect(cors.contains("access-control-allow-origin: https://a.two.test\n"))
            #expect(try curl(headers, first, "custom", []).contains("x-custom: one\n"))
            let (redirects, second) = try gateway("wire-redirects", try ScriptedBackend(echoing: "echo"))
            let temporal = try curl(redirects, second, "temporal", [])
            #expect(temporal.contains("location: https://t.example.com/page?a=b\n") && temporal.hasSuffix("2 302"))
            let cookie = try curl(redirects, second, "cookies", ["-H", "X-Reply: Set-Cookie: a=b; Path=/one/two"])
            #expect(cookie.contains("set-cookie: a=b; Path=/two\n"))
            let (sessions, third) = try gateway(
                "wire-sessions", try ScriptedBackend(echoing: "one"), try ScriptedBackend(echoing: "two"))
            // Over TLS a session's cookie is for TLS alone, whatever was asked.
            #expect(try curl(sessions, third, "not-secure", []).contains("; Secure; HttpOnly"))
        }

        @Test func `snippets act and responses are compressed`() throws {
            let (snippets, first) = try gateway("wire-snippets", try ScriptedBackend(echoing: "echo"))
            let conditions = try curl(snippets, first, "conditions", ["-H", "X-Kind: cats"])
            #expect(conditions.contains("X-Kind: cat\n") && conditions.contains("x-everywhere: yes\n"))
            #expect(try curl(snippets, first, "conditions", ["-X", "DELETE"]).hasSuffix("2 405"))
            let text = String(repeating: "hello ", count: 2_000)
            let (compression, second) = try gateway(
                "wire-compression",
                try ScriptedBackend { _, _ in
                    Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12000\r\n\r\n\(text)".utf8)
                })
            let output = try curl(compression, second, "plain", ["--compressed", "-H", "Accept-Encoding: gzip"])
            #expect(output.contains("content-encoding: gzip\n") && output.contains(text))
        }
    }
}
