import EventLoop
import HTTPCore
import PorticoModel
import Upstreams

/// What the log says of a session that is over.
package struct StreamRecord {
    /// As nginx has them.
    package enum Outcome: Int, Sendable {
        case served = 200
        /// The client's PROXY protocol header was malformed.
        case malformed = 400
        /// No endpoint took the session.
        case unserved = 502
        /// There were too many sessions.
        case refused = 503
    }

    package let port: StreamService.Port
    package let upstream: String
    package let client: SocketAddress
    package var local: SocketAddress
    /// Whom the client's own header names.
    package var announced: ProxyProtocolAddresses?
    package var outcome = Outcome.unserved
    package var receivedBytes: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package let startedAt: UInt64
    package var endedAt: UInt64 = 0
    /// 0 where no endpoint was reached.
    package var connectedAt: UInt64 = 0
    /// Every endpoint that was tried.
    package var endpoints: [UpstreamEndpoint] = []

    init(_ service: StreamService, client: SocketAddress, local: SocketAddress, at now: UInt64) {
        port = service.port
        upstream = service.upstream
        self.client = client
        self.local = local
        startedAt = now
    }
}
