/// A variable of the log of TCP and UDP sessions.
package enum StreamVariable: String, Hashable, Sendable, CaseIterable {
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case serverAddress = "server_addr"
    case serverPort = "server_port"
    case proxyProtocolAddress = "proxy_protocol_addr"
    case proxyProtocolPort = "proxy_protocol_port"
    case timeLocal = "time_local"
    case timeISO8601 = "time_iso8601"
    case msec, status, hostname, pid
    case transport = "protocol"
    /// To the client.
    case bytesSent = "bytes_sent"
    /// From the client.
    case bytesReceived = "bytes_received"
    case sessionTime = "session_time"
    case proxyUpstreamName = "proxy_upstream_name"
    case upstreamAddress = "upstream_addr"
    case upstreamBytesSent = "upstream_bytes_sent"
    case upstreamBytesReceived = "upstream_bytes_received"
    case upstreamConnectTime = "upstream_connect_time"
    case upstreamSessionTime = "upstream_session_time"
}

/// A line of the log of TCP and UDP sessions (`log-format-stream`).
package struct StreamLogFormat: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        case text(String)
        case variable(StreamVariable)
    }

    /// ingress-nginx's own.
    package static let standard =
        "[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time"

    package private(set) var parts: [Part] = []

    package init(_ text: String) throws(Template.Failure) {
        for part in try Template(text, custom: Set(StreamVariable.allCases.map(\.rawValue))).parts {
            switch part {
            case .text(let text): parts.append(.text(text))
            case .variable(let variable): parts.append(.variable(try Self.variable(variable)))
            }
        }
    }

    private static func variable(_ variable: Variable) throws(Template.Failure) -> StreamVariable {
        let name: String
        switch variable {
        case .custom(let text): name = text
        case .named(let named): name = named.rawValue
        // Names that only a request gives a meaning.
        default: throw .unknownVariable("\(variable)")
        }
        guard let found = StreamVariable(rawValue: name) else { throw .unknownVariable(name) }
        return found
    }
}
