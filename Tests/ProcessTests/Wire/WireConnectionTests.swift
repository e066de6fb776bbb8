import Foundation
import ProcessSupervision
import Synchronization
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-connections.yaml`: settings of connections on both sides.
    @Suite struct ConnectionTests {
        /// Answers with the port that the gateway's connection comes from, and counts the connections that ended.
        private final class Counting: Sendable {
            let ended = Atomic(0)

            func backend() throws -> ScriptedBackend {
                try ScriptedBackend { [self] request, connection in
                    var address = sockaddr_in()
                    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                    _ = withUnsafeMutablePointer(to: &address) {
                        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                            getpeername(connection.descriptor, $0, &length)
                        }
                    }
                    let answer = ScriptedBackend.response(body: "\(UInt16(bigEndian: address.sin_port))")
                    guard request.startLine.contains("/watch") else { return answer }
                    try connection.send(answer)
                    if try !connection.receiveMore() { ended.add(1, ordering: .relaxed) }
                    return nil
                }
            }
        }

        private func gateway(_ backend: ScriptedBackend, _ settings: [String: String] = [:]) throws -> WireGateway {
            let unused = try ScriptedBackend(named: "unused")
            return try WireGateway("wire-connections", backend, unused, unused, unused, settings: settings)
        }

        @Test func `connections of clients are kept as long and as often as the ConfigMap says`() throws {
            let wire = try gateway(try ScriptedBackend(echoing: "echo"), ["keep-alive-requests": "3"])
            let connection = try RawConnection(to: wire.gateway.http)
            let ends = try (0..<3).map { _ in try connection.get("/", host: "plain.test")["Connection"] == "close" }
            #expect(ends == [false, false, true])
            #expect(try connection.receiveToEnd().isEmpty)
            try wire.configure(["keep-alive": "0"])
            try eventually("every response is the last") {
                try RawConnection(to: wire.gateway.http).get("/", host: "plain.test")["Connection"] == "close"
            }
            try wire.configure(["keep-alive": "1"])
            try eventually("connections are kept again") {
                try RawConnection(to: wire.gateway.http).get("/", host: "plain.test")["Connection"] != "close"
            }
            let idle = try RawConnection(to: wire.gateway.http)
            #expect(try idle.get("/", host: "plain.test").status == 200)
            #expect(try idle.receiveToEnd().isEmpty)
        }

        @Test func `connections to endpoints are kept as many, as long and as often as the ConfigMap says`() throws {
            let counting = Counting()
            let wire = try gateway(try counting.backend())
            func ports(_ count: Int) throws -> [String] {
                try (0..<count).map { _ in try wire.ask("plain").text }
            }
            #expect(Set(try ports(6)).count == 1)
            try wire.configure(["upstream-keepalive-requests": "2"])
            try eventually("two requests a connection") { (3...4).contains(Set(try ports(6)).count) }
            try wire.configure(["upstream-keepalive-connections": "0"])
            try eventually("one request a connection") { Set(try ports(6)).count == 6 }
            try wire.configure(["upstream-keepalive-time": "1s"])
            try eventually("connections are reused") { Set(try ports(2)).count == 1 }
            let first = try ports(1)
            try eventually("but not for ever") { try ports(1) != first }
            #expect(counting.ended.load(ordering: .relaxed) == 0)
            try wire.configure(["upstream-keepalive-timeout": "1"])
            try eventually("an idle connection ends") {
                if counting.ended.load(ordering: .relaxed) == 0 { _ = try wire.ask("plain", "/watch") }
                usleep(1_300_000)
                return counting.ended.load(ordering: .relaxed) > 0
            }
        }

        @Test func `a worker takes no more connections than max-worker-connections`() throws {
            let wire = try gateway(try ScriptedBackend(echoing: "echo"), ["max-worker-connections": "2"])
            func isServed(_ connection: RawConnection) -> Bool {
                (try? connection.get("/", host: "plain.test"))?.status == 200
            }
            var kept = [try RawConnection(to: wire.gateway.http), try RawConnection(to: wire.gateway.http)]
            #expect(kept.allSatisfy(isServed))
            #expect(!isServed(try RawConnection(to: wire.gateway.http)))
            #expect(kept.allSatisfy(isServed))
            kept.removeLast()
            try eventually("the next one has a place") { isServed(try RawConnection(to: wire.gateway.http)) }
        }

        @Test func `clients have the time and the room that the ConfigMap gives them`() throws {
            let wire = try gateway(
                try ScriptedBackend(echoing: "echo"),
                [
                    "client-header-timeout": "1", "client-body-timeout": "1", "large-client-header-buffers": "2 1k",
                ])
            func answer(_ text: String) throws -> HTTPMessage? {
                let connection = try RawConnection(to: wire.gateway.http)
                try connection.send(text)
                return try connection.receiveMessage(isResponse: true)
            }
            #expect(try answer("GET / HTTP/1.1\r\nHost: pl")?.status == 408)
            #expect(try answer("POST / HTTP/1.1\r\nHost: plain.test\r\nContent-Length: 9\r\n\r\nfour")?.status == 408)
            let text = String(repeating: "a", count: 900)
            #expect(try wire.status("plain", "/", ["X-Long: \(text)"]) == 200)
            #expect(try wire.status("plain", "/", ["X-Long: \(text)", "X-Longer: \(text)", "X-More: \(text)"]) == 431)
            #expect(try wire.status("plain", "/", ["X-Long: \(text)\(text)"]) == 431)
            #expect(try wire.status("plain", "/\(text)\(text)") == 414)
        }

        @Test func `headers go and come as the ConfigMap says`() throws {
            let wire = try gateway(try ScriptedBackend(echoing: "echo"))
            let server = ["X-Reply: Server: mine/1"]
            let standard = try wire.ask("plain", "/a?b=c", server + ["X_Odd: 1", "X-Even: 2"])
            #expect(standard["Server"] != "mine/1")
            #expect(standard.echo["X_Odd"] == nil && standard.echo["X-Even"] == "2")
            #expect(standard.echo["X-Original-URI"] == nil && standard.echo["X-Request-ID"]?.utf8.count == 32)
            try wire.configure([
                "allow-backend-server-header": "true", "enable-underscores-in-headers": "true",
                "proxy-add-original-uri-header": "true", "generate-request-id": "false",
            ])
            try eventually("the endpoint's name is seen") {
                try wire.ask("plain", "/", server).all("Server") == ["mine/1"]
            }
            let changed = try wire.ask("plain", "/a?b=c", ["X_Odd: 1"])
            #expect(changed.echo["X_Odd"] == "1" && changed.echo["X-Original-URI"] == "/a?b=c")
            #expect(changed.echo["X-Request-ID"] == nil)
            try wire.configure(["ignore-invalid-headers": "false"])
            try eventually("odd names pass") { try wire.ask("plain", "/", ["X.Odder: 1"]).echo["X.Odder"] == "1" }
            #expect(try wire.ask("plain", "/", ["X_Odd: 1"]).echo["X_Odd"] == "1")
        }

        @Test func `clients are blocked by address and told apart by what the ConfigMap says`() throws {
            let wire = try gateway(
                try ScriptedBackend(echoing: "echo"), ["limit-conn-zone-variable": "$http_x_user"])
            func statuses(_ headers: [String]) throws -> [Int] {
                try (0..<4).map { _ in try wire.status("counted", "/", headers) }
            }
            #expect(try statuses(["X-User: ann"]) == [200, 200, 503, 503])
            #expect(try statuses(["X-User: bob"]) == [200, 200, 503, 503])
            #expect(try statuses([]) == [200, 200, 200, 200])
            try wire.configure(["block-cidrs": "10.0.0.0/8,127.0.0.1"])
            try eventually("clients are blocked") { try wire.status("plain") == 403 }
            #expect(try wire.status("nobody") == 403)
        }

        @Test func `a service's own address is asked where service-upstream says so`() throws {
            let (service, pod) = (try ScriptedBackend(named: "service"), try ScriptedBackend(named: "pod"))
            let unused = try ScriptedBackend(named: "unused")
            let wire = try WireGateway("wire-connections", service, unused, unused, pod)
            #expect(try wire.ask("pods").text == "pod" && wire.ask("service").text == "service")
            try wire.configure(["service-upstream": "true"])
            try eventually("of every service") { try wire.ask("pods").text == "service" }
        }

        @Test func `endpoints that take no connection or no bytes are given up in time`() throws {
            let echo = try ScriptedBackend(echoing: "echo")
            let deaf = try DeafListener()
            let stuck = try DeafListener(backlog: 16)
            let wire = try WireGateway(
                "wire-connections", at: [echo.address, deaf.address, stuck.address, echo.address])
            #expect(try wire.status("connects") == 504)
            let body = String(repeating: "long body ", count: 2_000_000)
            #expect(try wire.ask("sends", method: "POST", body: body).status == 504)
        }
    }

    /// A listening socket whose connections nobody takes.
    private final class DeafListener {
        let address: ListenAddress
        private let listener: Int32
        private var fillers: [Int32] = []

        /// - Parameter backlog: nil fills the queue, so that further connections stay without an answer.
        init(backlog: Int32? = nil) throws {
            let wanted = ListenAddress(host: "127.0.0.1", port: 0)
            listener = try ListeningSocket.open(on: wanted)
            let address = ListeningSocket.localAddress(of: listener, like: wanted)
            self.address = address
            guard backlog == nil else { return }
            listen(listener, 0)
            for _ in 0..<4 {
                let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                _ = address.withSocketAddress { connect(filler, $0, $1) }
                fillers.append(filler)
            }
        }

        deinit {
            close(listener)
            for filler in fillers { close(filler) }
        }
    }
}
