import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-compression.yaml`.
    @Suite struct CompressionTests {
        private struct Case {
            var accepted: String
            var count = 3_000
            var type = "text/plain; charset=utf-8"
            var more: [String] = []
            var coding: String?
        }

        @Test func `responses are compressed by type, length and what the client takes`() throws {
            let wire = try WireGateway(
                "wire-compression",
                try ScriptedBackend { request, _ in
                    let body = String(repeating: "a", count: Int(request["X-Count"] ?? "") ?? 0)
                    let lines = [
                        "HTTP/1.1 \(request["X-Status"] ?? "200") OK", "Content-Type: \(request["X-Type"] ?? "")",
                        "Content-Length: \(body.utf8.count)",
                    ]
                    let coding = request["X-Coding"].map { ["Content-Encoding: \($0)"] } ?? []
                    return Array(((lines + coding).joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
                })
            for item in [
                Case(accepted: "gzip", coding: "gzip"), Case(accepted: "br", coding: "br"),
                Case(accepted: "zstd", coding: "zstd"), Case(accepted: "gzip;q=0", coding: nil),
                Case(accepted: "identity", coding: nil), Case(accepted: "gzip", count: 99, coding: nil),
                Case(accepted: "gzip", count: 100, coding: "gzip"), Case(accepted: "br", count: 199, coding: nil),
                Case(accepted: "zstd", count: 299, coding: nil), Case(accepted: "gzip", type: "image/png", coding: nil),
                Case(accepted: "gzip", type: "text/html", coding: "gzip"),
                Case(accepted: "br, gzip", type: "application/json", coding: "gzip"),
                Case(accepted: "gzip", more: ["User-Agent: Old/1"], coding: nil),
                Case(accepted: "gzip", more: ["X-Status: 500"], coding: nil),
                Case(accepted: "gzip", more: ["X-Status: 404"], coding: "gzip"),
                Case(accepted: "gzip", more: ["X-Coding: br"], coding: "br"),
                Case(accepted: "gzip;q=0.5, br;q=0.9", coding: "br"),
            ] {
                let headers = ["Accept-Encoding: \(item.accepted)", "X-Count: \(item.count)", "X-Type: \(item.type)"]
                let answer = try wire.ask("plain", "/", headers + item.more)
                #expect(answer["Content-Encoding"] == item.coding, "\(item)")
                let isAsSent = item.coding == nil || item.more == ["X-Coding: br"]
                #expect(isAsSent == (answer.body.count == item.count), "\(item)")
            }
            let varying = try wire.ask("plain", "/", ["X-Count: 500", "X-Type: text/plain"])
            #expect(varying["Vary"] == "Accept-Encoding" && varying["Content-Encoding"] == nil)
        }

        @Test func `what is compressed comes out again`() throws {
            let text = (0..<20_000).map { "line \($0)" }.joined(separator: "\n")
            let wire = try WireGateway(
                "wire-compression",
                try ScriptedBackend { _, _ in
                    Array(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
                            .utf8)
                })
            let folder = try TemporaryFolder()
            let (end, output) = try RunningProgram.run(
                "/usr/bin/curl",
                [
                    "-s", "-H", "Host: plain.test", "-H", "Accept-Encoding: gzip", "--compressed", "-o",
                    folder("text"), "-w", "%{size_download}", "http://\(wire.gateway.http)/",
                ])
            #expect(end == .code(0) && folder.text(of: "text") == text)
            #expect((Int(output) ?? .max) < text.utf8.count / 2)
        }
    }
}
