import EventLoop
import HTTPCore

/// What is not in the head, and belongs to the parameters of a request.
package struct FastCGIFacts {
    /// The file name for paths that end with a slash; may be empty.
    package var index: String
    /// Parameters that replace those made from the request.
    package var overrides: [(name: [UInt8], value: [UInt8])]
    package var usesTLS: Bool
    package var remoteAddress: [UInt8]
    package var remotePort: UInt16
    package var serverPort: UInt16

    package init(
        index: String, overrides: [(name: [UInt8], value: [UInt8])], usesTLS: Bool, remoteAddress: [UInt8],
        remotePort: UInt16, serverPort: UInt16
    ) {
        self.index = index
        self.overrides = overrides
        self.usesTLS = usesTLS
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.serverPort = serverPort
    }
}

/// A request's head as the parameters of FastCGI (RFC 3875 §4.1, and what web servers add).
package struct FastCGIParameters {
    private var pairs: [(name: [UInt8], value: [UInt8])] = []
    private let facts: FastCGIFacts

    /// - Parameter head: HTTP/1.1 text.
    package init(head: UnsafeRawBufferPointer, _ facts: FastCGIFacts) {
        self.facts = facts
        var lines = Array(head).split(separator: UInt8(ascii: "\r"), omittingEmptySubsequences: false).map { line in
            line.first == UInt8(ascii: "\n") ? line.dropFirst() : line
        }[...]
        let parts = (lines.popFirst() ?? []).split(separator: UInt8(ascii: " "))
        addRequestLine(method: Array(parts.first ?? []), target: Array(parts.dropFirst().first ?? []))
        for line in lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            addField(Array(line[..<colon]), Array(value))
        }
        for (name, value) in facts.overrides {
            pairs.removeAll { $0.name == name }
            pairs.append((name, value))
        }
    }

    private mutating func add(_ name: String, _ value: [UInt8]) { pairs.append((Array(name.utf8), value)) }

    private mutating func addRequestLine(method: [UInt8], target: [UInt8]) {
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        var script = Self.decoded(path)
        if script.last == UInt8(ascii: "/") { script += Array(facts.index.utf8) }
        add("QUERY_STRING", Array(target.dropFirst(path.count + 1)))
        add("REQUEST_METHOD", method)
        add("SCRIPT_NAME", script)
        add("SCRIPT_FILENAME", script)
        add("DOCUMENT_URI", script)
        add("REQUEST_URI", target)
        add("SERVER_PROTOCOL", Array("HTTP/1.1".utf8))
        add("REQUEST_SCHEME", Array((facts.usesTLS ? "https" : "http").utf8))
        if facts.usesTLS { add("HTTPS", Array("on".utf8)) }
        add("GATEWAY_INTERFACE", Array("CGI/1.1".utf8))
        add("SERVER_SOFTWARE", Array("portico".utf8))
        add("REMOTE_ADDR", facts.remoteAddress)
        add("REMOTE_PORT", Array("\(facts.remotePort)".utf8))
        add("SERVER_PORT", Array("\(facts.serverPort)".utf8))
        // PHP refuses requests that a web server did not hand over, and this is how it knows.
        add("REDIRECT_STATUS", Array("200".utf8))
    }

    private mutating func addField(_ name: [UInt8], _ value: [UInt8]) {
        let upper = name.map { byte -> UInt8 in
            byte == UInt8(ascii: "-")
                ? UInt8(ascii: "_")
                : byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 0x20 : byte
        }
        switch String(decoding: upper, as: UTF8.self) {
        case "CONTENT_TYPE", "CONTENT_LENGTH": pairs.append((upper, value))
        // A client's Proxy field would become the variable by which programs find their own proxy (CVE-2016-5385).
        case "PROXY", "CONNECTION", "TRANSFER_ENCODING", "UPGRADE": return
        case "HOST":
            add("SERVER_NAME", Array(value.prefix { $0 != UInt8(ascii: ":") }))
            pairs.append((Array("HTTP_HOST".utf8), value))
        default: pairs.append((Array("HTTP_".utf8) + upper, value))
        }
    }

    private static func decoded(_ path: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = path
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
            {
                result.append(value)
                rest.removeFirst(2)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    /// As FastCGI's name-value pairs.
    package var encoded: [UInt8] {
        pairs.flatMap { Self.length($0.name.count) + Self.length($0.value.count) + $0.name + $0.value }
    }

    private static func length(_ count: Int) -> [UInt8] {
        if count < 128 { return [UInt8(count)] }
        return [UInt8(count >> 24 & 127 | 128), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
    }
}
