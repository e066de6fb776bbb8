import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// Websockets of real clients over TLS, and the end of HTTP/2 connections.
    @Suite struct SecureStreamTests {
        @Test func `a websocket goes over TLS, and over HTTP 2`() throws {
            let server = try RunningProgram("/usr/bin/python3", ["-B", TLSGateway.script("websocket_echo.py")])
            var port: UInt16?
            eventually("the server listens") {
                port = server.output.split(separator: " ").last.flatMap { UInt16($0.filter(\.isNumber)) }
                return port != nil
            }
            let gateway = try TLSGateway(
                hosts: ["shop.test"], backend: ListenAddress(host: "127.0.0.1", port: try #require(port)))
            try eventually("TLS is served") { try gateway.commonName(for: "shop.test") == "shop.test" }
            let plain = try gateway.client(
                "websocket_client.py", "\(gateway.https.port)", "shop.test", gateway.authority)
            _ = plain.wait(seconds: 15)
            #expect(plain.output.contains("all came back"), "\(plain.output)")
            let over = try gateway.client(
                "http2_client.py", "websocket", "\(gateway.https.port)", "shop.test", gateway.authority)
            _ = over.wait(seconds: 15)
            #expect(over.output.contains("it came back"), "\(over.output)")
        }

        @Test func `an HTTP 2 connection is told of the end, and its request is finished`() throws {
            let mayAnswer = DispatchSemaphore(value: 0)
            let backend = try ScriptedBackend { request, _ in
                if request.startLine.contains("/slow") { mayAnswer.wait() }
                return ScriptedBackend.response(body: "finished")
            }
            let gateway = try TLSGateway(hosts: ["shop.test"], backend: backend.address)
            try eventually("TLS is served") { try gateway.commonName(for: "shop.test") == "shop.test" }
            let client = try gateway.client(
                "http2_client.py", "drain", "\(gateway.https.port)", "shop.test", gateway.authority)
            eventually("the request is under way") {
                backend.received.contains { $0.startLine.contains("/slow") }
            }
            let proxy = try #require(gateway.gateway.proxyProcess)
            kill(proxy, SIGTERM)
            eventually("the end is announced") { client.output.contains("goodbye") }
            mayAnswer.signal()
            _ = client.wait(seconds: 10)
            #expect(client.output.contains("goodbyes 2, body finished"), "\(client.output)")
        }
    }
}
