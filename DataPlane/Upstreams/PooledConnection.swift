import EventLoop

/// A connection to an endpoint that can wait in the endpoint's pool between requests.
open class PooledConnection: EventHandler {
    package final let descriptor: Int32
    package final let endpoint: UpstreamEndpoint
    /// The loop's time when it was opened.
    package final let openedAt: UInt64
    /// Requests that it has carried.
    package final var requests: UInt32 = 0

    package init(descriptor: Int32, endpoint: UpstreamEndpoint, openedAt: UInt64) {
        self.descriptor = descriptor
        self.endpoint = endpoint
        self.openedAt = openedAt
        super.init()
    }
}
