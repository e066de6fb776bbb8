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
final class Exchange {
    enum ResponsePhase: UInt8 {
        case awaitingHead, body, tunnel
    }

    unowned(unsafe) let core: WorkerCore
    var downstream: DownstreamConnection?
    var connection: UpstreamConnection?
    var tables: ActiveTables
    var route: RouteEntry?
    var policy = RoutePolicy()

    // The request.
    var method = HTTPMethod.get
    var isHTTP10 = false
    var wantsUpgrade = false
    var client = SocketAddress.loopback(port: 0)
    var framing = BodyFraming.none
    var chunks = ChunkedDecoder()
    var remainingBody: UInt64 = 0
    var receivedBody: UInt64 = 0
    var hasWholeBody = true
    /// The body goes on as it comes; else it is collected first.
    var streamsBody = false
    var body = RequestBody()
    /// The head as the upstream gets it, and behind it a small body.
    var head = PooledBuffer()
    var headCount = 0
    var isHeadComplete = false
    var bodyIsInHead = false
    var facts = RequestFacts()

    // The attempt.
    var attempts: UInt32 = 0
    var tried: UInt64 = 0
    var isReused = false
    /// Bytes of head and collected body that went out in this attempt.
    var sent = 0
    /// Streamed bytes went out, which cannot be sent again.
    var hasStreamedBytes = false
    var requestIsSent = false
    var attemptStartedAt: UInt64 = 0
    var attemptLog: [AttemptRecord] = []

    // The response.
    var responsePhase = ResponsePhase.awaitingHead
    var responseProgress = HeadProgress()
    var responseFraming = BodyFraming.none
    var responseChunks = ChunkedDecoder()
    var remainingResponse: UInt64 = 0
    var upstreamIsReusable = false
    var encodesChunks = false
    var hasResponded = false
    var upstreamHasEnded = false
    var downstreamHasEnded = false
    var status = 0
    var responseCount: UInt64 = 0
    var headSentCount: UInt64 = 0
    var upstreamBodyCount: UInt64 = 0
    var startedAt: UInt64 = 0

    init(core: WorkerCore) {
        self.core = core
        tables = core.tables
        attemptLog.reserveCapacity(4)
    }

    /// Whether the loop's word that the upstream takes bytes is of interest.
    var wantsToSend: Bool { !requestIsSent || responsePhase == .tunnel }

    var now: UInt64 { core.loop.clock.milliseconds }

    /// Makes the exchange as new, with its memory given back.
    func reset() {
        core.buffers.give(&head)
        body.free(to: core.buffers)
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
    /// 0 where no response came.
    var status: Int
    var responseCount: UInt64
    var milliseconds: UInt64
}
