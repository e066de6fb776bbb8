import EventLoop
import HTTPCore
import PorticoModel
import Routing
import Upstreams

/// One request and its response, from the end of the request's head to the last byte handed to the client's connection.
///
/// Phases in order, each in a file of its own: route, request head, request body, upstream choice and retries, sending,
/// response head, response body, log and metrics. Exchanges are reused; one that is spare holds no memory but itself.
///
/// Invariants: `connection` is set from the choice of an endpoint to the end of its attempt; once `hasResponded`, no
/// other attempt is made; `finish` is called exactly once for each `begin`.
///
/// Here as in the other classes of the data path, properties are free of the dynamic exclusivity check: each costs as
/// much as the work it guards, all is on one thread, and no property is lent out while others may change it.
final class Exchange {
    enum ResponsePhase: UInt8 {
        case awaitingHead, body, tunnel
    }

    let core: WorkerCore
    // The core's, kept here because a reference reached through two objects is counted with each call.
    let loop: EventLoop
    let buffers: BufferPool
    // The loop holds connections until the turn ends in which they are closed, and a connection that closes takes itself
    // out of its exchange; so they need not be counted here.
    @exclusivity(unchecked) unowned(unsafe) var downstream: Downstream?
    @exclusivity(unchecked) unowned(unsafe) var connection: UpstreamCarrier?
    /// Those in force when the exchange was made. A spare one is dropped when they change, so they are current for every
    /// request that begins, and stay until the last one of them ends.
    let tables: ActiveTables
    // Part of the tables.
    @exclusivity(unchecked) unowned(unsafe) var route: RouteEntry?
    @exclusivity(unchecked) unowned(unsafe) var policyRecord: PolicyRecord
    /// Where the route has features.
    @exclusivity(unchecked) var extras: ExchangeExtras?

    // The request.
    @exclusivity(unchecked) var method = HTTPMethod.get
    @exclusivity(unchecked) var isHTTP10 = false
    @exclusivity(unchecked) var wantsUpgrade = false
    /// Answers of the proxy's own have to be a gRPC status.
    @exclusivity(unchecked) var isGRPC = false
    /// The client makes use of trailers (`TE: trailers`).
    @exclusivity(unchecked) var takesTrailers = false
    /// Of a gRPC call whose caller says how long it waits.
    @exclusivity(unchecked) var callDeadline: CallDeadline?
    /// The caller does not wait any more.
    @exclusivity(unchecked) var hasRunOut = false
    /// A body of unknown length goes on without chunks.
    @exclusivity(unchecked) var sendsPlainBody = false
    @exclusivity(unchecked) var client = SocketAddress.loopback(port: 0)
    @exclusivity(unchecked) var framing = BodyFraming.none
    @exclusivity(unchecked) var chunks = ChunkedDecoder()
    @exclusivity(unchecked) var remainingBody: UInt64 = 0
    @exclusivity(unchecked) var receivedBody: UInt64 = 0
    @exclusivity(unchecked) var hasWholeBody = true
    /// The body goes on as it comes; else it is collected first.
    @exclusivity(unchecked) var streamsBody = false
    @exclusivity(unchecked) var body = StoredBody()
    /// Field lines that came behind the body, where the endpoint can be sent any.
    @exclusivity(unchecked) var requestTrailers = PooledBuffer()
    /// The head as the upstream gets it, and behind it a small body.
    @exclusivity(unchecked) var head = PooledBuffer()
    @exclusivity(unchecked) var headCount = 0
    @exclusivity(unchecked) var isHeadComplete = false
    @exclusivity(unchecked) var bodyIsInHead = false
    @exclusivity(unchecked) var facts = RequestFacts()

    // The attempt.
    @exclusivity(unchecked) var attempts: UInt32 = 0
    @exclusivity(unchecked) var tried: UInt64 = 0
    @exclusivity(unchecked) var isReused = false
    /// Bytes of head and collected body that went out in this attempt.
    @exclusivity(unchecked) var sent = 0
    /// Streamed bytes went out, which cannot be sent again.
    @exclusivity(unchecked) var hasStreamedBytes = false
    @exclusivity(unchecked) var requestIsSent = false
    @exclusivity(unchecked) var attemptStartedAt: UInt64 = 0
    // Of the loop's time too; 0 where the attempt did not come that far.
    @exclusivity(unchecked) var connectedAt: UInt64 = 0
    @exclusivity(unchecked) var respondedAt: UInt64 = 0
    @exclusivity(unchecked) var attemptLog: [AttemptRecord] = []

    // The response.
    @exclusivity(unchecked) var responsePhase = ResponsePhase.awaitingHead
    @exclusivity(unchecked) var responseProgress = HeadProgress()
    @exclusivity(unchecked) var responseFraming = BodyFraming.none
    @exclusivity(unchecked) var responseChunks = ChunkedDecoder()
    @exclusivity(unchecked) var remainingResponse: UInt64 = 0
    @exclusivity(unchecked) var upstreamIsReusable = false
    @exclusivity(unchecked) var encodesChunks = false
    /// The client gets the data of chunks without their frames.
    @exclusivity(unchecked) var stripsChunks = false
    @exclusivity(unchecked) var hasResponded = false
    @exclusivity(unchecked) var upstreamHasEnded = false
    @exclusivity(unchecked) var downstreamHasEnded = false
    @exclusivity(unchecked) var status = 0
    @exclusivity(unchecked) var responseCount: UInt64 = 0
    @exclusivity(unchecked) var headSentCount: UInt64 = 0
    @exclusivity(unchecked) var upstreamBodyCount: UInt64 = 0
    @exclusivity(unchecked) var startedAt: UInt64 = 0
    /// Where the response is read ahead of its client.
    @exclusivity(unchecked) var held: HeldResponse?

    init(core: WorkerCore) {
        self.core = core
        loop = core.loop
        buffers = core.buffers
        tables = core.tables
        policyRecord = core.tables.routing.defaultPolicy
        attemptLog.reserveCapacity(4)
    }

    /// Whether the loop's word that the upstream takes bytes is of interest.
    var wantsToSend: Bool { !requestIsSent || responsePhase == .tunnel }

    var now: UInt64 { loop.now }

    /// Read a field at a time, so that nothing is copied but the field.
    var policy: RoutePolicy { policyRecord.values }

    /// Makes the exchange as new, with its memory given back.
    func reset() {
        buffers.give(&head)
        body.free(to: buffers)
        if !requestTrailers.isEmpty { buffers.give(&requestTrailers) }
        if callDeadline != nil { endCallDeadline() }
        if held != nil { forgetHeld() }
        downstream = nil
        route = nil
        wantsUpgrade = false
        framing = .none
        remainingBody = 0
        receivedBody = 0
        hasWholeBody = true
        streamsBody = false
        isHeadComplete = false
        bodyIsInHead = false
        attempts = 0
        tried = 0
        isReused = false
        sent = 0
        hasStreamedBytes = false
        requestIsSent = false
        connectedAt = 0
        respondedAt = 0
        if !attemptLog.isEmpty { attemptLog.removeAll(keepingCapacity: true) }
        responsePhase = .awaitingHead
        responseProgress = HeadProgress()
        hasResponded = false
        upstreamHasEnded = false
        downstreamHasEnded = false
        encodesChunks = false
        status = 0
        responseCount = 0
        headSentCount = 0
        upstreamBodyCount = 0
    }
}

/// Where in the rewritten head the log finds its parts, and what it cannot find there.
struct RequestFacts {
    var methodAndTarget = ByteRange.empty
    var requestID = ByteRange.empty
    var userAgent = ByteRange.empty
    var referer = ByteRange.empty
    var authorization = ByteRange.empty
    var receivedHeadCount = 0
}

/// One attempt at an endpoint, for the log.
struct AttemptRecord {
    var endpoint: UpstreamEndpoint
    /// The loop's time.
    var startedAt: UInt64
    /// 0 where no response came.
    var status: Int
    var responseCount: UInt64
    var milliseconds: UInt64
    /// From the start to the connection and to the response's head; nil where it did not come to that.
    var connectMilliseconds: UInt32?
    var headMilliseconds: UInt32?
}
