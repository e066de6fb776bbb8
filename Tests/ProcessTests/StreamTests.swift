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

        @Test func `a UDP service answers, and outlives its worker and its control plane`() throws {
            let server = try DatagramPeer()
            server.serve { "re: \($0)" }
            let port = try FreePort.take()
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "service.yaml": """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: names, namespace: default}
                    spec: {ports: [{name: dns, port: 53, protocol: UDP}]}
                    ---
                    apiVersion: discovery.k8s.io/v1
                    kind: EndpointSlice
                    metadata: {name: names-0, namespace: default, labels: {kubernetes.io/service-name: names}}
                    addressType: IPv4
                    ports: [{name: dns, port: \(server.address.port), protocol: UDP}]
                    endpoints: [{addresses: ["127.0.0.1"], conditions: {ready: true}}]
                    """,
                    "udp.yaml": StreamTests.configMap("udp", [port.port: "default/names:53"]),
                ], arguments: ["--udp-services-configmap", "default/udp"])
            let client = try DatagramPeer()
            eventually("the UDP service answers") { client.ask("one", at: port) == "re: one" }
            let worker = try #require(gateway.workerProcesses.first)
            kill(try #require(gateway.controlProcess), SIGKILL)
            kill(worker, SIGKILL)
            eventually("the next worker answers") { client.ask("two", at: port) == "re: two" }
            #expect(gateway.workerProcesses.first != worker)
        }

        @Test
        func
            `a client's own announcement is passed on, a dead worker's connections are served, and sessions are logged`()
            throws
        {
            let backend = try ScriptedBackend { request, _ in ScriptedBackend.response(body: request.text) }
            let port = try FreePort.take().port
            let folder = try TemporaryFolder()
            let gateway = try TestGateway(
                workers: 1,
                files: [
                    "service.yaml": Manifests.service("echo", at: [backend.address]),
                    "tcp.yaml": StreamTests.configMap("tcp", [port: "default/echo:80:PROXY"]),
                    "settings.yaml": """
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: settings, namespace: default}
                    data:
                      stream-access-log-path: "\(folder("streams.log"))"
                      log-format-stream: "$protocol $status $bytes_received $proxy_protocol_addr:$proxy_protocol_port $upstream_addr"
                    """,
                ], arguments: ["--tcp-services-configmap", "default/tcp", "--configmap", "default/settings"])
            let request = "POST / HTTP/1.1\r\nHost: any\r\nContent-Length: 5\r\n\r\nhello"
            let announcement = "PROXY TCP4 192.0.2.7 198.51.100.1 4000 9000\r\n"
            func ask() -> Bool {
                guard let connection = StreamTests.connect(port), (try? connection.send(announcement + request)) != nil
                else { return false }
                return (try? connection.receiveMessage(isResponse: true))?.text == "hello"
            }
            eventually("the service answers") { ask() }
            // A connection that begins without the announcement goes nowhere.
            let plain = try #require(StreamTests.connect(port))
            try plain.send(request)
            #expect(try plain.receiveToEnd().isEmpty)

            eventually("sessions are logged") {
                let log = folder.text(of: "streams.log")
                return log.contains("TCP 200 \(request.utf8.count) 192.0.2.7:4000 \(backend.address)\n")
                    && log.contains("TCP 400 0 -:- -\n")
            }

            // What waits for a worker that dies is served by the next.
            let worker = try #require(gateway.workerProcesses.first)
            kill(worker, SIGSTOP)
            let waiting = try #require(StreamTests.connect(port))
            try waiting.send(announcement + request)
            kill(worker, SIGKILL)
            #expect(try waiting.receiveMessage(isResponse: true)?.text == "hello")
        }
    }
}
