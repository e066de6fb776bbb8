/// Connections, or datagrams, of a port of their own that go to an upstream unread.
package struct StreamService: Hashable, Sendable {
    /// Raw values are on the wire.
    package enum Transport: UInt32, Hashable, Comparable, Sendable, CaseIterable {
        case tcp = 1
        case udp = 2

        package var name: String { self == .tcp ? "tcp" : "udp" }

        package static func < (left: Transport, right: Transport) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where its clients come in.
    package struct Port: Hashable, Comparable, Sendable, CustomStringConvertible {
        package var transport: Transport
        package var number: UInt16

        package init(_ transport: Transport, _ number: UInt16) {
            self.transport = transport
            self.number = number
        }

        package static func < (left: Port, right: Port) -> Bool {
            (left.transport, left.number) < (right.transport, right.number)
        }

        /// Reads what `description` writes.
        package init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let transport = Transport.allCases.first(where: { $0.name == parts[0] }),
                let number = UInt16(parts[1])
            else { return nil }
            self.init(transport, number)
        }

        /// `tcp/9000`: also the name of the section.
        package var description: String { "\(transport.name)/\(number)" }
    }

    package var port: Port
    /// The name of an upstream section.
    package var upstream: String
    /// A connection starts with a PROXY protocol header, which names the client.
    package var decodesProxyProtocol = false
    /// The endpoint is told who the client is, by a PROXY protocol header of version 1.
    package var encodesProxyProtocol = false
    package var settings = StreamSettings()

    package init(port: Port, upstream: String) {
        self.port = port
        self.upstream = upstream
    }
}

/// How long streams last and what becomes of an endpoint that cannot be reached. Defaults are ingress-nginx's.
package struct StreamSettings: Hashable, Sendable {
    /// Between two reads or writes on either side (`proxy-stream-timeout`).
    package var idleMilliseconds: UInt32 = 600_000
    package var connectMilliseconds: UInt32 = 60_000
    /// Another endpoint is tried where one cannot be reached (`proxy-stream-next-upstream`).
    package var triesNextEndpoint = true
    /// No new attempt starts after this time; 0 is no limit (`proxy-stream-next-upstream-timeout`).
    package var retryMilliseconds: UInt32 = 600_000
    /// Attempts in all; 0 is no limit but the number of endpoints (`proxy-stream-next-upstream-tries`).
    package var tries: UInt32 = 3
    /// A UDP session ends after so many datagrams of the endpoint for each of the client (`proxy-stream-responses`); 0 leaves
    /// the end to the timeout.
    package var responses: UInt32 = 1

    package init() {}
}
