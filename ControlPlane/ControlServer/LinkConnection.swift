import ControlLink
import Glibc
import PorticoModel

/// One peer of the control link: its socket, its session and what people want to know about it.
final class LinkConnection {
    /// A peer that says nothing for so long is turned away.
    static let helloMilliseconds: Int64 = 10_000

    let id: UInt64
    let descriptor: Int32
    var session: LinkServerSession
    var output = OutputBuffer()
    /// The socket took all there was, and there may be more to produce.
    var hasMore = false
    var lastHeard = monotonicMilliseconds()
    private(set) var isClosed = false
    private(set) var client: LinkClient?
    /// What its client is served; nil before the hello.
    var classGroup: String? { client?.hello.classGroup }
    private let opened = monotonicMilliseconds()
    private let connectedSince = unixMilliseconds()
    private var lastAcknowledged: Int64?
    private var lastRefused: (version: Version, error: String)?

    init(id: UInt64, descriptor: Int32, controller: String) {
        self.id = id
        self.descriptor = descriptor
        session = LinkServerSession(controller: controller)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }

    func isOverdue(now: Int64) -> Bool {
        client == nil && now - opened > LinkConnection.helloMilliseconds
    }

    /// Remembers what an event says.
    /// - Parameter resolve: names the class group that a hello means.
    /// - Returns: the event for the listener's handler.
    func take(_ event: LinkServerSession.Event, classGroup resolve: (String) -> String) -> LinkListenerEvent? {
        if case .connected(var hello) = event {
            hello.classGroup = resolve(hello.classGroup)
            let client = LinkClient(id: id, hello: hello)
            self.client = client
            return .connected(client)
        }
        guard let client else { return nil }
        switch event {
        case .connected, .incompatible, .unknownClassGroup, .pong: return nil
        case .clientIsAhead(let version): return .clientIsAhead(client, version)
        case .acknowledged(let version):
            lastAcknowledged = unixMilliseconds()
            lastRefused = nil
            return .acknowledged(client, version)
        case .refused(let version, let error):
            lastRefused = (version, error)
            return .refused(client, version, error: error)
        case .metrics(let report): return .metrics(client, report)
        case .log(let line): return .log(client, line)
        case .spans(let spans): return .spans(client, spans)
        case .sectionMissing(let version, let digest): return .sectionMissing(client, version, digest)
        }
    }

    /// - Returns: nil until the peer is a client.
    func status(_ snapshot: PublishedSnapshot?, now: Int64, silenceMilliseconds: Int64) -> LinkClientStatus? {
        guard let client else { return nil }
        return LinkClientStatus(
            client: client, version: session.runningVersion,
            isCurrent: snapshot.map { session.isCurrent($0) } ?? false, connectedSince: connectedSince,
            lastAcknowledged: lastAcknowledged, lastRefused: lastRefused?.version, lastError: lastRefused?.error,
            isResponding: now - lastHeard <= silenceMilliseconds)
    }
}
