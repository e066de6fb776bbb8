import ControlLink
import PorticoModel
import PorticoSnapshot

/// A process that is connected to the control link.
package struct LinkClient: Hashable, Sendable {
    /// Never used twice by one listener.
    package var id: UInt64
    package var hello: LinkFrame.Hello

    package init(id: UInt64, hello: LinkFrame.Hello) {
        self.id = id
        self.hello = hello
    }
}

/// What clients of the control link do. Handlers run on the link's thread, in order for each client, and must not block.
package enum LinkListenerEvent: Hashable, Sendable {
    case connected(LinkClient)
    /// The reason is nil when the client went of its own accord.
    case disconnected(LinkClient, reason: String?)
    /// The client runs this version, which the published one cannot replace: publish one above it.
    case clientIsAhead(LinkClient, Version)
    case acknowledged(LinkClient, Version)
    case refused(LinkClient, Version, error: String)
    case metrics(LinkClient, MetricsReport)
    case log(LinkClient, LinkFrame.LogEvent)
    case spans(LinkClient, [Span])
    /// The published snapshot lacks a section of its own, or has one that is too long to send; this client is not sent that version.
    case sectionMissing(LinkClient, Version, Digest)
    /// A peer that never became a client was turned away.
    case rejected(reason: String)
}

/// One client, for people.
package struct LinkClientStatus: Hashable, Sendable {
    package var client: LinkClient
    package var isWorker: Bool { client.hello.isWorker }
    /// What it runs, as far as it said.
    package var version: Version
    package var isCurrent: Bool
    /// Unix time in milliseconds.
    package var connectedSince: Int64
    package var lastAcknowledged: Int64?
    package var lastRefused: Version?
    package var lastError: String?
    /// It has said something within `LinkTiming.silenceMilliseconds`.
    package var isResponding: Bool

    package init(
        client: LinkClient, version: Version, isCurrent: Bool, connectedSince: Int64, lastAcknowledged: Int64? = nil,
        lastRefused: Version? = nil, lastError: String? = nil, isResponding: Bool = true
    ) {
        self.client = client
        self.version = version
        self.isCurrent = isCurrent
        self.connectedSince = connectedSince
        self.lastAcknowledged = lastAcknowledged
        self.lastRefused = lastRefused
        self.lastError = lastError
        self.isResponding = isResponding
    }
}

/// What the listener counts, all since it started.
package struct LinkListenerCounters: Hashable, Sendable {
    package var connections: UInt64 = 0
    /// Connections closed because of a malformed or unexpected frame.
    package var malformedFrames: UInt64 = 0
    /// Peers of another user.
    package var untrustedPeers: UInt64 = 0
    /// Peers without a protocol in common.
    package var incompatiblePeers: UInt64 = 0
    /// Peers that asked for a class group that there is not.
    package var unknownClassGroups: UInt64 = 0
    /// Connections closed because the client answered no ping.
    package var silentClients: UInt64 = 0
    package var acknowledgements: UInt64 = 0
    package var refusals: UInt64 = 0
    package var sentBytes: UInt64 = 0
}
