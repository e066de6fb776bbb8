/// One request of the webhook's client.
package struct WebhookRequest: Hashable, Sendable {
    package var method: String
    package var path: String
    package var isJSON: Bool
    package var keepsAlive: Bool
    package var body: [UInt8]

    package init(method: String, path: String, isJSON: Bool, keepsAlive: Bool, body: [UInt8]) {
        self.method = method
        self.path = path
        self.isJSON = isJSON
        self.keepsAlive = keepsAlive
        self.body = body
    }
}

/// Reads requests as the API server sends them: HTTP/1.1 with a `Content-Length`. Everything else is refused.
///
/// Pure: bytes in, steps out. After a refusal the connection is of no more use.
package struct HTTPRequestReader: Sendable {
    package enum Step: Hashable, Sendable {
        case needsMore
        /// The client waits for `100 Continue` before it sends the body.
        case expectsContinue
        case request(WebhookRequest)
        case refused(status: Int, reason: String)
    }

    private struct Head: Hashable {
        var request: WebhookRequest
        var length: Int
        var expectsContinue: Bool
    }

    private static let longestHead = 16 * 1_024

    private let longestBody: Int
    private var buffer: [UInt8] = []
    private var head: Head?

    package init(longestBody: Int) { self.longestBody = longestBody }

    /// Nothing of a next request has arrived.
    package var isEmpty: Bool { buffer.isEmpty && head == nil }

    package mutating func feed(_ bytes: some Collection<UInt8>) { buffer += bytes }

    package mutating func next() -> Step {
        if head == nil {
            switch readHead() {
            case .needsMore: return .needsMore
            case .refused(let status, let reason): return .refused(status: status, reason: reason)
            case .head(let found):
                head = found
                if found.expectsContinue, buffer.count < found.length { return .expectsContinue }
            }
        }
        guard let head, buffer.count >= head.length else { return .needsMore }
        var request = head.request
        request.body = Array(buffer.prefix(head.length))
        buffer.removeFirst(head.length)
        self.head = nil
        return .request(request)
    }

    // MARK: The head

    private enum HeadStep {
        case needsMore
        case head(Head)
        case refused(status: Int, reason: String)
    }

    private mutating func readHead() -> HeadStep {
        guard let end = endOfHead() else {
            return buffer.count > HTTPRequestReader.longestHead ? tooLong : .needsMore
        }
        guard end <= HTTPRequestReader.longestHead else { return tooLong }
        let lines = HTTPRequestReader.lines(buffer[..<end])
        buffer.removeFirst(end)
        return HTTPRequestReader.parse(lines, longestBody: longestBody)
    }

    private var tooLong: HeadStep { .refused(status: 431, reason: "the head is too long") }

    /// After the empty line.
    private func endOfHead() -> Int? {
        var index = 3
        while index < buffer.count {
            if buffer[index] == 0x0A, buffer[index - 1] == 0x0D, buffer[index - 2] == 0x0A, buffer[index - 3] == 0x0D {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    private static func lines(_ head: ArraySlice<UInt8>) -> [String] {
        head.dropLast(4).split(separator: 0x0A, omittingEmptySubsequences: false).map {
            String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self)
        }
    }

    private static func parse(_ lines: [String], longestBody: Int) -> HeadStep {
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[1].hasPrefix("/"), words[2].hasPrefix("HTTP/1.") else {
            return .refused(status: 400, reason: "this is no HTTP/1.1 request")
        }
        var head = Head(
            request: WebhookRequest(
                method: String(words[0]), path: String(words[1]), isJSON: false, keepsAlive: words[2] == "HTTP/1.1",
                body: []), length: 0, expectsContinue: false)
        var hasLength = false
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
                return .refused(status: 400, reason: "a header without a name")
            }
            let value = trim(line[line.index(after: colon)...])
            switch line[..<colon].lowercased() {
            case "content-length":
                guard !hasLength, let length = length(value) else {
                    return .refused(status: 400, reason: "the Content-Length is no number")
                }
                guard length <= longestBody else { return .refused(status: 413, reason: "the body is too long") }
                hasLength = true
                head.length = length
            case "transfer-encoding": return .refused(status: 411, reason: "the body needs a Content-Length")
            case "content-type":
                head.request.isJSON = trim(value.lowercased().prefix { $0 != ";" }) == "application/json"
            case "connection": if value.lowercased() == "close" { head.request.keepsAlive = false }
            case "expect": head.expectsContinue = value.lowercased() == "100-continue"
            default: break
            }
        }
        return .head(head)
    }

    private static func length(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 10, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func trim(_ text: some StringProtocol) -> String {
        var slice = Substring(text)
        while slice.first == " " || slice.first == "\t" { slice.removeFirst() }
        while slice.last == " " || slice.last == "\t" { slice.removeLast() }
        return String(slice)
    }
}
