import Foundation
import ProcessSupervision

/// A head and its body as a test sees them: the bytes of the start line, fields in order, the body without framing.
package struct HTTPMessage: Sendable {
    package var startLine: String
    package var fields: [(name: String, value: String)]
    package var body: [UInt8] = []

    package var text: String { String(decoding: body, as: UTF8.self) }
    package var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }

    package subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    init(head: String) {
        var lines = head.components(separatedBy: "\r\n").filter { !$0.isEmpty }
        startLine = lines.isEmpty ? "" : lines.removeFirst()
        fields = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
    }
}

extension RawConnection {
    /// - Parameter hasBody: false for the response to HEAD.
    /// - Returns: nil when the peer closed instead of sending a further message.
    package func receiveMessage(isResponse: Bool, hasBody: Bool = true) throws -> HTTPMessage? {
        guard let head = try receive(through: "\r\n\r\n") else { return nil }
        var message = HTTPMessage(head: head)
        let isBodiless = isResponse && (message.status < 200 || [204, 304].contains(message.status))
        guard hasBody, !isBodiless else { return message }
        if message["Transfer-Encoding"]?.lowercased() == "chunked" {
            message.body = try receiveChunks()
        } else if let length = message["Content-Length"].flatMap({ Int($0) }) {
            message.body = try receive(length)
        } else if isResponse {
            message.body = try receiveToEnd()
        }
        return message
    }

    private func receiveChunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while let line = try receive(through: "\r\n") {
            let size = line.prefix { $0.isHexDigit }
            guard let count = Int(size, radix: 16) else { throw ConnectionError(description: "chunk size \(line)") }
            if count == 0 {
                while let trailer = try receive(through: "\r\n"), trailer != "\r\n" {}
                return body
            }
            body += try receive(count)
            _ = try receive(2)
        }
        throw ConnectionError(description: "ended inside a chunked body")
    }

    /// Sends one GET and takes the response.
    package func get(_ target: String, host: String, headers: [String] = []) throws -> HTTPMessage {
        let lines = ["GET \(target) HTTP/1.1", "Host: \(host)"] + headers
        try send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        guard let response = try receiveMessage(isResponse: true) else {
            throw ConnectionError(description: "closed without a response")
        }
        return response
    }
}

/// One GET on a connection of its own.
package func get(_ target: String, host: String = "localhost", from address: ListenAddress) throws -> HTTPMessage {
    try RawConnection(to: address).get(target, host: host, headers: ["Connection: close"])
}
