import ClusterState

/// A whole answer.
struct WireAnswer {
    var code = 200
    var headers: [String] = []
    var body: [UInt8]

    init(_ body: [UInt8], code: Int = 200) {
        self.body = body
        self.code = code
    }

    init(_ node: ObjectNode, code: Int = 200) { self.init(Array(node.json.utf8), code: code) }

    init(_ refusal: Refusal) {
        self.init(refusal.node, code: refusal.code)
        if let seconds = refusal.retryAfterSeconds { headers.append("Retry-After: \(seconds)") }
    }

    var bytes: [UInt8] {
        let lines = ["HTTP/1.1 \(code) Status", "Content-Type: application/json", "Content-Length: \(body.count)"]
        return Array(((lines + headers).joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// What stands before the chunks of a watch.
    static let streamHead = Array(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    static let streamEnd = Array("0\r\n\r\n".utf8)

    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [0x0D, 0x0A]
    }
}
