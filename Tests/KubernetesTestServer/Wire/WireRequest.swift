import ClusterState

/// A request as it arrived.
struct WireRequest: Sendable {
    var method = ""
    var path = ""
    var query: [String: String] = [:]
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    /// Objects are to be sent without anything but their metadata.
    var wantsMetadata: Bool { headers["accept"]?.contains("as=PartialObjectMetadata") ?? false }

    init(from stream: ByteStream) throws(ByteStream.Ended) {
        let lines = try stream.readHead().split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3 else { throw ByteStream.Ended() }
        method = String(words[0])
        let target = words[1].split(separator: "?", maxSplits: 1)
        path = WireRequest.unescaped(target[0])
        if target.count > 1 {
            for item in target[1].split(separator: "&") {
                let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                query[String(pair[0])] = pair.count > 1 ? WireRequest.unescaped(pair[1]) : ""
            }
        }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...]).trimmed
        }
        body = try stream.read(headers["content-length"].flatMap { Int($0) } ?? 0)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
