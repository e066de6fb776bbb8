import EventLoop
import HTTPCore
import Testing

@testable import FastCGICore

@Suite struct FastCGITests {
    private func parameters(_ head: String, index: String = "", _ overrides: [(String, String)] = []) -> [String:
        String]
    {
        let facts = FastCGIFacts(
            index: index, overrides: overrides.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) },
            usesTLS: false,
            remoteAddress: Array("10.0.0.9".utf8), remotePort: 4_000, serverPort: 80)
        let bytes = Array(head.utf8).withUnsafeBytes { FastCGIParameters(head: $0, facts).encoded }
        var pairs: [String: String] = [:]
        var rest = bytes[...]
        func length() -> Int {
            let first = Int(rest.removeFirst())
            if first < 128 { return first }
            return (0..<3).reduce(first & 127) { value, _ in value << 8 | Int(rest.removeFirst()) }
        }
        while !rest.isEmpty {
            let (name, value) = (length(), length())
            pairs[String(decoding: rest.prefix(name), as: UTF8.self)] = String(
                decoding: rest.dropFirst(name).prefix(value), as: UTF8.self)
            rest = rest.dropFirst(name + value)
        }
        return pairs
    }

    @Test func `a head becomes parameters`() {
        let long = String(repeating: "y", count: 300)
        let found = parameters(
            "POST /shop/a%20b.php?x=1 HTTP/1.1\r\nHost: shop.example:80\r\nContent-Length: 4\r\nX-Long: \(long)\r\nProxy: evil\r\n\r\n"
        )
        #expect(found["REQUEST_METHOD"] == "POST")
        #expect(found["SCRIPT_NAME"] == "/shop/a b.php" && found["SCRIPT_FILENAME"] == "/shop/a b.php")
        #expect(found["QUERY_STRING"] == "x=1" && found["REQUEST_URI"] == "/shop/a%20b.php?x=1")
        #expect(found["SERVER_NAME"] == "shop.example" && found["HTTP_HOST"] == "shop.example:80")
        #expect(found["CONTENT_LENGTH"] == "4" && found["HTTP_X_LONG"] == long)
        #expect(found["HTTP_PROXY"] == nil && found["REMOTE_ADDR"] == "10.0.0.9")
    }

    @Test func `a path that ends with a slash gets the index, and overrides replace`() {
        let found = parameters(
            "GET /shop/ HTTP/1.1\r\nHost: a\r\n\r\n", index: "index.php",
            [("SCRIPT_FILENAME", "/srv/app.php"), ("APP", "x")])
        #expect(found["SCRIPT_NAME"] == "/shop/index.php")
        #expect(found["SCRIPT_FILENAME"] == "/srv/app.php" && found["APP"] == "x")
    }

    @Test func `records are written as the specification has them`() {
        let buffers = BufferPool()
        var output = PooledBuffer()
        FastCGIRecord.appendBegin(to: &output, buffers)
        #expect(Array(output.bytes) == [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        output.removeAll()
        Array("ab".utf8).withUnsafeBytes { FastCGIRecord.appendInput($0, to: &output, buffers) }
        FastCGIRecord.appendInputEnd(to: &output, buffers)
        #expect(Array(output.bytes) == [1, 5, 0, 1, 0, 2, 0, 0, 97, 98, 1, 5, 0, 1, 0, 0, 0, 0])
        output.removeAll()
        [UInt8](repeating: 0, count: 70_000).withUnsafeBytes { FastCGIRecord.appendInput($0, to: &output, buffers) }
        #expect(output.count == 70_016)
        buffers.give(&output)
    }

    @Test(arguments: [1, 3, 1_000])
    func `records are read however they are cut`(_ size: Int) {
        let bytes: [UInt8] =
            [1, 6, 0, 1, 0, 3, 2, 0] + Array("abc".utf8) + [0, 0] + [1, 7, 0, 1, 0, 1, 0, 0, 33] + [
                1, 6, 0, 1, 0, 0, 0, 0,
            ]
            + [1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0]
        var reader = FastCGIReader()
        var (output, errors) = ("", "")
        var last = FastCGIReader.Step.needsMore
        for start in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { piece in
                var offset = 0
                repeat {
                    last = reader.next(piece, from: &offset)
                    if case .output(let range) = last { output += String(decoding: piece[range], as: UTF8.self) }
                    if case .errorOutput(let range) = last { errors += String(decoding: piece[range], as: UTF8.self) }
                    if case .end = last { return }
                } while last != .needsMore && last != .failed
            }
        }
        #expect(output == "abc" && errors == "!")
        #expect(last == .end(application: 7, protocolStatus: 0))
    }

    @Test func `another version of the protocol is refused`() {
        var reader = FastCGIReader()
        var offset = 0
        let step = [UInt8](repeating: 2, count: 8).withUnsafeBytes { reader.next($0, from: &offset) }
        #expect(step == .failed)
    }

    @Test(arguments: [
        (
            "Status: 404 Nowhere\r\nContent-Type: text/plain\r\n\r\n",
            "HTTP/1.1 404 Nowhere\r\nContent-Type: text/plain\r\n\r\n"
        ),
        ("Content-Type: text/plain\n\n", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"),
        ("Location: /a\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\n"),
    ])
    func `a CGI head becomes HTTP`(_ given: String, _ expected: String) {
        for size in [1, 5, 500] {
            var head = CGIHead()
            let bytes = Array((given + "body").utf8)
            var outcome = CGIHead.Outcome.incomplete
            var start = 0
            while outcome == .incomplete {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                outcome = piece.withUnsafeBytes { head.take($0) }
                if case .complete(let offset) = outcome { #expect(start + offset == given.utf8.count) }
                start += size
            }
            #expect(String(decoding: head.text, as: UTF8.self) == expected)
        }
    }
}
