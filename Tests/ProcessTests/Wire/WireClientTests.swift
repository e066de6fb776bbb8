import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-clients.yaml`, with one ConfigMap after the other.
    @Suite struct ClientTests {
        private static let forged = [
            "X-Forwarded-Port: 1234", "X-Forwarded-Proto: myproto", "X-Forwarded-For: 203.0.113.9, 198.51.100.7",
            "X-Forwarded-Host: myhost.com, another.host,example.net", "CF-Connecting-IP: 203.0.113.77",
        ]

        private struct Case {
            var settings: [String: String]
            var client: String
            var forwardedFor: String
            var host = "plain.test"
            var scheme = "http"
            /// Nil: the gateway's own.
            var port: String?
            var nearStatus = 403
        }

        private static let trusting = ["use-forwarded-headers": "true"]
        private static let cases = [
            Case(settings: [:], client: "127.0.0.1", forwardedFor: "127.0.0.1"),
            Case(
                settings: trusting, client: "203.0.113.9", forwardedFor: "203.0.113.9", host: "myhost.com",
                scheme: "myproto", port: "1234", nearStatus: 200),
            Case(
                settings: trusting.merging(["proxy-real-ip-cidr": "127.0.0.0/8"]) { $1 }, client: "198.51.100.7",
                forwardedFor: "198.51.100.7", host: "myhost.com", scheme: "myproto", port: "1234"),
            Case(
                settings: trusting.merging(["proxy-real-ip-cidr": "127.0.0.0/8,198.51.100.0/24"]) { $1 },
                client: "203.0.113.9", forwardedFor: "203.0.113.9", host: "myhost.com", scheme: "myproto",
                port: "1234", nearStatus: 200),
            Case(
                settings: trusting.merging(["proxy-real-ip-cidr": "10.0.0.0/8"]) { $1 }, client: "127.0.0.1",
                forwardedFor: "127.0.0.1"),
            Case(
                settings: trusting.merging(["compute-full-forwarded-for": "true"]) { $1 }, client: "203.0.113.9",
                forwardedFor: "203.0.113.9, 198.51.100.7, 127.0.0.1", host: "myhost.com", scheme: "myproto",
                port: "1234", nearStatus: 200),
            Case(
                settings: ["enable-real-ip": "true"], client: "203.0.113.9", forwardedFor: "203.0.113.9",
                nearStatus: 200),
            Case(
                settings: ["enable-real-ip": "true", "forwarded-for-header": "CF-Connecting-IP"],
                client: "203.0.113.77", forwardedFor: "203.0.113.77", nearStatus: 200),
        ]

        @Test func `the client is whom trusted proxies name`() throws {
            let auth = try ScriptedBackend(named: "yes")
            let wire = try WireGateway("wire-clients", try ScriptedBackend(echoing: "echo"), auth)
            for item in Self.cases {
                try wire.configure(item.settings)
                try eventually("\(item.settings) acts") {
                    let echo = try wire.ask("plain", "/", Self.forged).echo
                    return echo["X-Real-IP"] == item.client && echo["X-Forwarded-For"] == item.forwardedFor
                }
                let echo = try wire.ask("plain", "/", Self.forged).echo
                #expect(echo.all("X-Forwarded-For") == [item.forwardedFor], "\(item)")
                #expect(echo["Host"] == item.host && echo["X-Forwarded-Host"] == item.host, "\(item)")
                #expect(echo["X-Forwarded-Proto"] == item.scheme && echo["X-Scheme"] == item.scheme, "\(item)")
                #expect(echo["X-Forwarded-Port"] == item.port ?? "\(wire.gateway.http.port)", "\(item)")
                let original =
                    item.settings["forwarded-for-header"] == nil ? "203.0.113.9, 198.51.100.7" : "203.0.113.77"
                #expect(echo["X-Original-Forwarded-For"] == original, "\(item)")
                #expect(try wire.status("near", "/", Self.forged) == item.nearStatus, "\(item)")
                #expect(try wire.status("asked", "/", Self.forged) == 200)
                #expect(auth.received.last?["X-Forwarded-For"] == item.forwardedFor, "\(item)")
                #expect(auth.received.last?["X-Real-IP"] == item.client, "\(item)")
            }
        }

        @Test func `a PROXY protocol header names the client`() throws {
            let wire = try WireGateway(
                "wire-clients", try ScriptedBackend(echoing: "echo"), try ScriptedBackend(named: "yes"),
                settings: ["use-proxy-protocol": "true"])
            func ask(_ header: [UInt8]) throws -> HTTPMessage? {
                let connection = try RawConnection(to: wire.gateway.http)
                try connection.send(
                    header + Array("GET / HTTP/1.1\r\nHost: near.test\r\nConnection: close\r\n\r\n".utf8))
                return try connection.receiveMessage(isResponse: true)
            }
            let text = try ask(Array("PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n".utf8))
            #expect(text?.status == 200 && text?.echo["X-Real-IP"] == "203.0.113.9")
            #expect(text?.echo["X-Forwarded-Port"] == "80" && text?.echo["X-Forwarded-Proto"] == "http")
            // What stands in front had the connection on that port, and TLS where it is 443.
            for (port, scheme) in [("1234", "http"), ("443", "https")] {
                let echo = try ask(Array("PROXY TCP4 203.0.113.9 127.0.0.1 4711 \(port)\r\n".utf8))?.echo
                #expect(echo?["X-Forwarded-Port"] == port && echo?["X-Forwarded-Proto"] == scheme)
            }
            let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
            let binary = try ask(signature + [0x21, 0x11, 0, 12, 203, 0, 113, 10, 127, 0, 0, 1, 0x12, 0x34, 0, 80])
            #expect(binary?.status == 200 && binary?.echo["X-Real-IP"] == "203.0.113.10")
            #expect(try ask(Array("PROXY TCP4 198.51.100.7 127.0.0.1 4711 80\r\n".utf8))?.status == 403)
            #expect((try? ask([]))??.status != 200)
        }
    }

    /// `wire-global-auth.yaml`.
    @Suite struct GlobalAuthenticationTests {
        @Test func `one service decides about all hosts`() throws {
            let service = try ScriptedBackend { request, _ in
                ScriptedBackend.response(request["X-Good"] == nil ? "401 No" : "200 OK", body: "")
            }
            let url = "http://\(service.address)/check"
            let wire = try WireGateway(
                "wire-global-auth", try ScriptedBackend(echoing: "echo"), settings: ["global-auth-url": url])
            #expect(try wire.status("foo", "/foo") == 401)
            #expect(try wire.status("foo", "/foo", ["X-Good: 1"]) == 200)
            #expect(try wire.status("foo", "/.well-known/acme-challenge/token") == 200)
            #expect(try wire.status("free") == 200)
            try wire.configure(["global-auth-url": url, "no-auth-locations": "/bar"])
            try eventually("/bar is free") { try wire.status("foo", "/bar/x") == 200 }
            #expect(try wire.status("foo", "/foo") == 401)
            try wire.configure(["global-auth-url": url, "global-auth-signin": "https://login.test/"])
            try eventually("clients are sent to sign in") { try wire.status("foo", "/foo") == 302 }
            try wire.configure(["global-auth-url": "nonsense"])
            try eventually("what cannot be asked refuses") { try wire.status("foo", "/foo") == 503 }
            #expect(try wire.status("free") == 200)
        }
    }
}
