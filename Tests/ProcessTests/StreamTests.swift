import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// TCP and UDP services.
    @Suite struct StreamTests {
        private static func configMap(_ name: String, _ data: [UInt16: String]) -> String {
            let entries = data.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \"\($0.value)\"" }
            return """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: \(name), namespace: default}
                data:
                \(entries.joined(separator: "\n"))
                """
        }

        private static func connect(_ port: UInt16) -> RawConnection? {
            try? RawConnection(to: ListenAddress(host: "127.0.0.1", port: port))
        }

        @Test func `a TCP service carries bytes unread, announces its client, and outlives changes and workers`() throws
        {
            let backend = try ScriptedBackend { request, _ in ScriptedBackend.response(body: request.text) }
            let (plain, announced) = (try FreePort.take().port, try FreePort.take().port)
            let gateway = try TestGateway(
                files: [
                    "service.yaml": Manifests.service("echo", at: [backend.address]),
                    "tcp.yaml": StreamTests.configMap("tcp", [plain: "default/echo:80"]),
                ], arguments: ["--tcp-services-configmap", "default/tcp"])
            let request = "POST / HTTP/1.1\r\nHost: any\r\nContent-Length: 5\r\n\r\nhello"
            var kept: RawConnection?
            eventually("the TCP service answers") {
                guard let connection = StreamTests.connect(plain), (try? connection.send(request)) != nil,
                    (try? connection.receiveMessage(isResponse: true))?.text == "hello"
                else { return false }
                kept = connection
                return true
            }
            let connection = try #require(kept)

            // A second port appears, whose endpoint is told of the client; the first one's connection goes on.
            try gateway.write(
                StreamTests.configMap("tcp", [plain: "default/echo:80", announced: "default/echo:80::PROXY"]),
                to: "tcp.yaml")
            eventually("the endpoint is told of its client") {
                guard let second = StreamTests.connect(announced) else { return false }
                try? second.send(request)
                _ = try? second.receiveMore()
                return backend.received.contains { $0.startLine.hasPrefix("PROXY TCP4 127.0.0.1 127.0.0.1 ") }
            }
            try connection.send(request)
            #expect(try connection.receiveMessage(isResponse: true)?.text == "hello")

            // The port goes, and what it had accepted stays.
            try gateway.write(StreamTests.configMap("tcp", [announced: "default/echo:80"]), to: "tcp.yaml")
            eventually("the port is closed") { StreamTests.connect(plain) == nil }
            try connection.send(request)
            #expect(try connection.receiveMessage(isResponse: true)?.text == "hello")
            #expect(try gateway.metric("portico_stream_sessions_total", where: "tcp/\(plain)") >= 0)
        }
    }
}
