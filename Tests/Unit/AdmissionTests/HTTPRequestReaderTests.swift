import Admission
import Testing

@Suite struct HTTPRequestReaderTests {
    private func steps(_ text: String, limit: Int = 1_000, chunk: Int = .max) -> [HTTPRequestReader.Step] {
        var reader = HTTPRequestReader(longestBody: limit)
        var steps: [HTTPRequestReader.Step] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            reader.feed(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            while true {
                let step = reader.next()
                if step == .needsMore { break }
                steps.append(step)
                if case .refused = step { return steps }
            }
        }
        return steps
    }

    private func head(_ fields: String, method: String = "POST") -> String {
        "\(method) /review?timeout=10s HTTP/1.1\r\nHost: portico\r\n\(fields)\r\n"
    }

    @Test(arguments: [1, 2, 7, 1_000])
    func `a request is read whatever pieces it comes in`(chunk: Int) {
        let text = head("Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n") + "{}"
        let request = WebhookRequest(
            method: "POST", path: "/review?timeout=10s", isJSON: true, keepsAlive: true, body: Array("{}".utf8))
        #expect(steps(text + text, chunk: chunk) == [.request(request), .request(request)])
    }

    @Test func `a client that waits for leave to send gets it once`() {
        let text = head("Expect: 100-continue\r\nContent-Length: 2\r\n")
        #expect(steps(text) == [.expectsContinue])
        #expect(steps(text + "{}", chunk: text.utf8.count).count == 2)
    }

    @Test(arguments: [
        ("Content-Length: 1001\r\n", 413), ("Content-Length: -1\r\n", 400), ("Content-Length: 1x\r\n", 400),
        ("Content-Length: 99999999999999999999\r\n", 400), ("Content-Length: 1\r\nContent-Length: 1\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", 411), (": x\r\n", 400), ("no colon\r\n", 400),
    ])
    func `what could be read two ways is refused`(fields: String, status: Int) {
        guard case .refused(let found, _)? = steps(head(fields)).last else {
            Issue.record("it was not refused")
            return
        }
        #expect(found == status)
    }

    @Test(arguments: [
        "\r\n\r\n", "GET\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\r\n\r\n",
    ])
    func `what is no request is refused`(text: String) {
        #expect(steps(text) == [.refused(status: 400, reason: "this is no HTTP/1.1 request")])
    }

    @Test func `a head without an end is refused`() {
        #expect(
            steps(head("X: " + String(repeating: "a", count: 20_000)), chunk: 500)
                == [.refused(status: 431, reason: "the head is too long")])
    }

    @Test func `a request may close its connection`() {
        guard case .request(let request)? = steps(head("Connection: close\r\n", method: "GET")).first else {
            Issue.record("it was not read")
            return
        }
        #expect(!request.keepsAlive)
        #expect(request.body.isEmpty)
    }

    @Test func `any bytes whatever end in a step and never in a crash`() {
        for seed in 0..<2_000 {
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
            let alphabet = Array("POST / HTTP/1.1\r\n\r\nContent-Length: 3\r\n:é\u{0}".utf8)
            var reader = HTTPRequestReader(longestBody: 50)
            for _ in 0..<20 {
                var bytes: [UInt8] = []
                for _ in 0..<(seed % 40) {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    bytes.append(alphabet[Int(state >> 33) % alphabet.count])
                }
                reader.feed(bytes)
                if case .refused = reader.next() { break }
            }
        }
    }
}
