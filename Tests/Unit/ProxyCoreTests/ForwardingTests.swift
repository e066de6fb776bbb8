import PorticoModel
import Testing

@testable import ProxyCore

@Suite struct ForwardingTests {
    private static let get = "GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\n"

    @Test func `two requests on one connection reach one upstream connection`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send(Self.get + "User-Agent: test\r\n\r\n")
        let upstream = try #require(worker.endpoints[0].accept())
        for round in 1...2 {
            let request = upstream.readMessage()
            #expect(request.firstLine == "GET /a?b=c HTTP/1.1")
            #expect(request.fields("Host") == ["shop.example"])
            #expect(request.field("X-Real-IP") == "127.0.0.1")
            #expect(request.field("X-Forwarded-Proto") == "http")
            #expect(request.field("X-Forwarded-Port") == "\(worker.port)")
            #expect(request.field("X-Request-ID")?.utf8.count == 32)
            #expect(request.field("Connection") == nil)
            upstream.send("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\nn\(round)")
            let response = client.readMessage()
            #expect(response.status == 200)
            #expect(response.body == "n\(round)")
            #expect(response.field("Server") == nil)
            #expect(response.field("Date") != nil)
            #expect(response.field("Connection") == "keep-alive")
            if round == 1 { client.send(Self.get + "\r\n") }
        }
    }

    @Test func `a host without a route gets 404 and keeps its connection`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send("GET / HTTP/1.1\r\nHost: other\r\n\r\nGET / HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(client.readMessage().status == 404)
        #expect(client.readMessage().status == 404)
    }

    @Test func `a malformed request gets 400 and the end`() throws {
        let worker = try TestWorker()
        let client = try worker.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        let answer = client.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
    }
}
