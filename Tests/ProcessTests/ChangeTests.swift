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

        @Test func `rollback pins an old configuration, resume ends it, and endpoints stay current`() throws {
            let (old, new) = (try ScriptedBackend(named: "old"), try ScriptedBackend(named: "new"))
            let moved = try ScriptedBackend(named: "old, moved")
            let gateway = try TestGateway(files: [
                "old.yaml": Manifests.service("old", at: [old.address]),
                "new.yaml": Manifests.service("new", at: [new.address]),
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "old"),
            ])
            gateway.await("old", host: "shop.test")
            let good = try #require(try gateway.runningVersion())
            try gateway.write(Manifests.ingress("shop", host: "shop.test", service: "new"), to: "shop.yaml")
            gateway.await("new", host: "shop.test")
            #expect(try gateway.portico("rollback", good, "--reason", "new is broken").end == .code(0))
            gateway.await("old", host: "shop.test")
            #expect(try gateway.portico("status").output.contains("new is broken"))
            // A change while pinned is stored and not published; endpoints move all the same.
            try gateway.write(Manifests.ingress("shop", host: "late.test", service: "new"), to: "shop.yaml")
            try gateway.write(Manifests.service("old", at: [moved.address]), to: "old.yaml")
            gateway.await("old, moved", host: "shop.test")
            #expect(try gateway.get("/", host: "late.test").status == 404)
            #expect(try gateway.portico("resume").end == .code(0))
            gateway.await("new", host: "late.test")
            #expect(try gateway.get("/", host: "shop.test").status == 404)
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
