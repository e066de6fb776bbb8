import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// Changes of configuration while traffic flows.
    @Suite struct ChangeTests {
        @Test func `a hundred changes under load fail no request`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
                "service.yaml": Manifests.service("shop", at: [backend.address]),
            ])
            gateway.await("shop", host: "shop.test")
            let load = LoadGenerator(connections: 4, to: gateway.http, host: "shop.test")
            for change in 1...100 {
                try gateway.write(
                    Manifests.ingress("extra", host: "extra-\(change).test", service: "shop"), to: "extra.yaml")
                if change % 10 == 0 { gateway.await("shop", host: "extra-\(change).test") }
            }
            let tally = load.stop()
            #expect(tally.failed == 0, "\(tally)")
            #expect(tally.succeeded > 100)
            #expect(try gateway.get("/", host: "extra-99.test").status == 404)
        }

        @Test func `a version that was never published cannot be rolled back to`() throws {
            let gateway = try TestGateway(files: [:])
            let (end, output) = try gateway.portico("rollback", "9.999")
            #expect(end == .code(1), "\(output)")
            #expect(output.split(separator: "\n").count == 1)
        }

        @Test func `an open websocket lives through a change`() throws {
            let backend = try ScriptedBackend { request, connection in
                guard request["Upgrade"]?.lowercased() == "websocket" else {
                    return ScriptedBackend.response(body: "shop")
                }
                try connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                while true { try connection.send(try connection.receive(4)) }
            }
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
                "service.yaml": Manifests.service("shop", at: [backend.address]),
            ])
            gateway.await("shop", host: "shop.test")
            let socket = try RawConnection(to: gateway.http)
            let answer = try socket.get(
                "/chat", host: "shop.test",
                headers: [
                    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ])
            #expect(answer.status == 101)
            try socket.send("one\n")
            #expect(try socket.receive(4) == Array("one\n".utf8))
            try gateway.write(Manifests.ingress("shop", host: "new.test", service: "shop"), to: "shop.yaml")
            gateway.await("shop", host: "new.test")
            try socket.send("two\n")
            #expect(try socket.receive(4) == Array("two\n".utf8))
        }
    }
}
