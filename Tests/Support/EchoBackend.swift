import Foundation
import ProcessSupervision

extension ScriptedBackend {
    /// Answers with what it got: its name, the request's first line and fields, an empty line, the body.
    ///
    /// `X-Status: 404` asks for that status, and each `X-Reply: Name: value` for a field of the response.
    package convenience init(echoing name: String) throws {
        try self.init { request, _ in
            let lines = [name, request.startLine] + request.fields.map { "\($0.name): \($0.value)" }
            let text = lines.joined(separator: "\n") + "\n\n" + request.text
            let status = request["X-Status"] ?? "200"
            let replies = request.fields.filter { $0.name.lowercased() == "x-reply" }.map { "\($0.value)\r\n" }
            let head = "HTTP/1.1 \(status) Echo\r\nContent-Length: \(text.utf8.count)\r\n\(replies.joined())\r\n"
            return Array((head + (request.startLine.hasPrefix("HEAD") ? "" : text)).utf8)
        }
    }
}

extension HTTPMessage {
    /// Who echoed.
    package var echoName: String { text.split(separator: "\n").first.map(String.init) ?? "" }

    /// The request that an echo tells of.
    package var echo: HTTPMessage {
        let parts = text.components(separatedBy: "\n\n")
        let lines = parts[0].split(separator: "\n").dropFirst()
        var message = HTTPMessage(head: lines.joined(separator: "\r\n"))
        message.body = Array(parts.dropFirst().joined(separator: "\n\n").utf8)
        return message
    }

    /// All values of a field.
    package func all(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}
