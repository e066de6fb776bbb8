import PorticoModel
import Testing

@testable import ProxyCore

/// Endpoints that speak FastCGI (`backend-protocol: FCGI`).
@Suite struct FastCGIUpstreamTests {
    private func record(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
        [1, kind, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 255), 0, 0] + content
    }

    private func worker(_ parameters: [HeaderAssignment] = []) throws -> TestWorker {
        var policy = RoutePolicy()
        policy.backendProtocol = .fastCGI
        var fastCGI = FastCGIPolicy()
        fastCGI.index = "index.php"
        fastCGI.parameters = parameters
        policy.features.fastCGI = fastCGI
        return try TestWorker(policy: policy)
    }

    /// Reads the request's records to the end of its input.
    private func request(_ socket: TestSocket) -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(8).elementsEqual([1, 5, 0, 1, 0, 0, 0, 0]), let more = socket.readBytes() { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a request and its body reach an application, and its answer the client`() throws {
        let worker = try worker()
        let client = try worker.client()
        client.send("POST /app/ HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\n\r\nbody")
        let application = try #require(worker.endpoints[0].accept())
        let request = request(application)
        #expect(request.contains("REQUEST_METHODPOST") && request.contains("CONTENT_LENGTH4"))
        #expect(request.contains("SCRIPT_NAME/app/index.php") && request.contains("body"))
        application.send(record(6, Array("Status: 201 Made\r\nContent-Type: text/plain\r\n\r\nhel".utf8)))
        application.send(record(7, Array("a warning".utf8)) + record(6, Array("lo".utf8)))
        application.send(record(6, []) + record(3, [0, 0, 0, 0, 0, 0, 0, 0]))
        let head = client.read(until: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 201 Made\r\n"))
        #expect(head.contains("Content-Type: text/plain\r\n"))
        let body = client.read(until: "0\r\n\r\n")
        #expect(body.replacing("\r\n", with: "").contains("hel") && body.contains("lo") && !body.contains("warning"))
        // The connection goes on.
        client.send("GET / HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(client.readMessage().status == 404)
    }

    @Test func `parameters of the user's are templates and replace those of their name`() throws {
        let values = [
            "SCRIPT_FILENAME": "/srv/www$fastcgi_script_name", "PATH_INFO": "$fastcgi_path_info", "ASKED": "$host",
        ]
        let worker = try worker(
            values.map { name, value in
                var assignment = HeaderAssignment()
                (assignment.name, assignment.value) = (name, value)
                return assignment
            })
        let client = try worker.client()
        client.send("GET /a%20b/?x=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        let application = try #require(worker.endpoints[0].accept())
        let request = request(application)
        #expect(request.contains("SCRIPT_FILENAME/srv/www/a b/index.php") && request.contains("ASKEDshop.example"))
        #expect(!request.contains("SCRIPT_FILENAME/a"))
        #expect(request.contains("PATH_INFO"))
    }

    @Test func `an application that breaks off is a bad gateway`() throws {
        let worker = try worker()
        let client = try worker.client()
        client.send("POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1\r\n\r\nx")
        let application = try #require(worker.endpoints[0].accept())
        _ = request(application)
        application.send(record(6, Array("Content-Type: te".utf8)))
        application.close()
        #expect(client.readMessage().status == 502)
    }
}
