/// What the webhook sends back.
package struct WebhookAnswer: Hashable, Sendable {
    package var status: Int
    package var isJSON: Bool
    package var body: [UInt8]

    package static func json(_ body: [UInt8]) -> WebhookAnswer {
        WebhookAnswer(status: 200, isJSON: true, body: body)
    }

    package static func refused(_ status: Int, _ reason: String) -> WebhookAnswer {
        WebhookAnswer(status: status, isJSON: false, body: Array("\(reason)\n".utf8))
    }

    private var reasonPhrase: String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Error"
        }
    }

    func bytes(keepsAlive: Bool) -> [UInt8] {
        let type = isJSON ? "application/json" : "text/plain; charset=utf-8"
        let head =
            "HTTP/1.1 \(status) \(reasonPhrase)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n"
            + (keepsAlive ? "\r\n" : "Connection: close\r\n\r\n")
        return Array(head.utf8) + body
    }
}
