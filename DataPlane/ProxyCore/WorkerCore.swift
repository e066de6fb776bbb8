import EventLoop
import GeoIP
import HTTP2Core
import HTTPCore
import Policies
import PorticoModel
import Routing
import StreamProxy
import TLSEngine
import Upstreams

/// What all connections of a worker share: the loop, its buffers, the tables in force and the counters.
final class WorkerCore {
    /// In front of what is read from an upstream: a rewritten head is put there, so that it leaves with its body.
    static let headroom = 80 << 10
    /// What is read from an upstream at once.
    static let upstreamReadCount = 128 << 10
    /// Behind it: the end of a chunk.
    static let tailroom = 16
    static let downstreamReadCount = 64 << 10
    /// A rewritten head may be this long.
    static let maximumWrittenHead = 72 << 10

    let loop: EventLoop
    let buffers = BufferPool()
    let upstreams: UpstreamDirectory
    let registries = RoutingRegistries { CompiledPolicy($0, route: $1) }
    let tls = TLSDirectory()
    let tlsChannel: TLSChannel
    let defaultTLS = DefaultUpstreamTLS()
    let notices = Notices()
    /// Carries connections that are not ended here.
    let streams: StreamProxy
    /// Connections whose handshake is under way.
    @exclusivity(unchecked) var handshakes: UInt32 = 0
    /// The port of the first listener with TLS.
    @exclusivity(unchecked) var securePort: UInt16?
    let temporaryDirectory: String
    let requestHead = RequestHead()
    let http2: HTTP2Context
    let responseHead = ResponseHead()
    let time = HTTPTimeCache()
    let log = AccessLog()
    let streamLog = StreamLog()
    /// Standard error, opened with its first line.
    let errors = LineLog()
    let policies = PolicyRuntime()
    let spans = SpanQueue()
    let geo = GeoDirectory()
    let waiting: WaitingExchanges
    let bounds = MetricBounds()
    let downstreamRead: UnsafeMutableRawBufferPointer
    let upstreamRead: UnsafeMutableRawBufferPointer
    let scratch: UnsafeMutableRawBufferPointer
    let pathScratch: UnsafeMutableRawBufferPointer
    let hostScratch: UnsafeMutableRawBufferPointer
    @exclusivity(unchecked) var tables: ActiveTables
    @exclusivity(unchecked) var counters = WorkerCounters()
    @exclusivity(unchecked) var requestIDs = RequestIDGenerator()
    @exclusivity(unchecked) var isDraining = false
    /// Fields of a request that the proxy writes itself, or that go no further.
    let replacedRequestFields: KnownHeaderSet
    /// Fields of a response that are not for the client.
    let hiddenResponseFields: KnownHeaderSet
    /// By slot of `registries.upstreams`.
    @exclusivity(unchecked) private var upstreamSlots: [Upstream?] = []
    /// By slot of `registries.routes`.
    @exclusivity(unchecked) private(set) var statistics: [RouteStatistics?] = []
    @exclusivity(unchecked) private(set) var dirtyStatistics: [Int] = []
    /// Failed attempts; they are rare enough for a dictionary.
    private(set) var failures: [FailureKey: UInt64] = [:]
    @exclusivity(unchecked) private var spareExchanges: [Exchange] = []
    @exclusivity(unchecked) private var spareStreams: [DownstreamStream] = []
    @exclusivity(unchecked) private var spareCallDeadlines: [CallDeadline] = []
    @exclusivity(unchecked) private var spareUpstreamStreams: [UpstreamStream] = []

    init(loop: EventLoop, index: Int, temporaryDirectory: String) {
        self.loop = loop
        waiting = WaitingExchanges(loop: loop)
        self.temporaryDirectory = temporaryDirectory
        http2 = HTTP2Context(buffers: buffers)
        tlsChannel = TLSChannel(buffers: buffers)
        upstreams = UpstreamDirectory(offset: index)
        streams = StreamProxy(loop: loop, buffers: buffers, upstreams: upstreams)
        func memory(_ count: Int) -> UnsafeMutableRawBufferPointer { .allocate(byteCount: count, alignment: 64) }
        downstreamRead = memory(WorkerCore.downstreamReadCount)
        upstreamRead = memory(WorkerCore.headroom + WorkerCore.upstreamReadCount + WorkerCore.tailroom)
        scratch = memory(WorkerCore.maximumWrittenHead)
        pathScratch = memory(WorkerCore.downstreamReadCount + 1)
        hostScratch = memory(HostName.maximumByteCount + 1)
        tables = ActiveTables(RoutingTable(registries: registries))
        replacedRequestFields = KnownHeaderSet([
            .host, .xRequestID, .xRealIP, .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedProto,
            .xForwardedScheme, .xScheme, .xOriginalForwardedFor, .proxy, .expect, .contentLength, .trailer,
        ])
        hiddenResponseFields = KnownHeaderSet([
            .server, .xPad, .xAccelRedirect, .xAccelExpires, .xAccelBuffering, .xAccelLimitRate, .xAccelCharset,
        ])
        time.update(epochSeconds: loop.clock.secondsOfDay)
        dirtyStatistics.reserveCapacity(1_024)
    }

    deinit {
        for memory in [downstreamRead, upstreamRead, scratch, pathScratch, hostScratch] { memory.deallocate() }
    }

    /// Counts a failed attempt under its upstream and reason.
    func countFailure(_ failure: AttemptFailure, of upstream: Upstream) {
        counters.upstreamFailures += 1
        failures[FailureKey(upstream: upstream.name, reason: failure.reason), default: 0] += 1
    }

    // MARK: Logs

    func flushLogs() {
        log.flush()
        streamLog.flush()
        errors.flush()
    }

    /// Writes what is left.
    func stopLogs() {
        log.stop()
        streamLog.stop()
        errors.stop()
    }

    // MARK: Exchanges

    func takeExchange() -> Exchange { spareExchanges.popLast() ?? Exchange(core: self) }

    func forgetSpareExchanges() { spareExchanges = [] }

    func giveBack(_ exchange: Exchange) {
        if exchange.tables === tables, spareExchanges.count < 256 { spareExchanges.append(exchange) }
    }

    func takeDownstreamStream() -> DownstreamStream { spareStreams.popLast() ?? DownstreamStream(core: self) }

    func takeUpstreamStream(for endpoint: UpstreamEndpoint) -> UpstreamStream {
        spareUpstreamStreams.popLast() ?? UpstreamStream(core: self, endpoint: endpoint)
    }

    func giveBack(_ stream: UpstreamStream) {
        if spareUpstreamStreams.count < 256 { spareUpstreamStreams.append(stream) }
    }

    func forgetSpareStreams() {
        spareStreams = []
        spareUpstreamStreams = []
    }

    func takeCallDeadline() -> CallDeadline { spareCallDeadlines.popLast() ?? CallDeadline() }

    func giveBack(_ deadline: CallDeadline) {
        if spareCallDeadlines.count < 256 { spareCallDeadlines.append(deadline) }
    }

    func giveBack(_ stream: DownstreamStream) {
        if spareStreams.count < 256 { spareStreams.append(stream) }
    }

    // MARK: Slots

    func upstream(of entry: RouteEntry) -> Upstream {
        let slot = entry.upstream
        if slot < upstreamSlots.count, let upstream = upstreamSlots[slot] { return upstream }
        while upstreamSlots.count <= slot { upstreamSlots.append(nil) }
        let upstream = upstreams.upstream(named: entry.route.upstream)
        upstreamSlots[slot] = upstream
        return upstream
    }

    func statistics(of entry: RouteEntry) -> RouteStatistics {
        let slot = entry.statistics
        while statistics.count <= slot { statistics.append(nil) }
        let found = statistics[slot] ?? RouteStatistics()
        statistics[slot] = found
        if !found.isDirty {
            found.isDirty = true
            dirtyStatistics.append(slot)
        }
        return found
    }

    /// The routes whose counters changed since the last call.
    func takeDirtyStatistics() -> [Int] {
        let dirty = dirtyStatistics
        for slot in dirty { statistics[slot]?.isDirty = false }
        dirtyStatistics.removeAll(keepingCapacity: true)
        return dirty
    }

    /// Forgets what was kept for routes and upstreams that no table names any more.
    func forgetReleasedSlots() {
        for (slot, name) in registries.upstreams.takeReleased() {
            if slot < upstreamSlots.count { upstreamSlots[slot] = nil }
            upstreams.forgetIfEmpty(name)
        }
        for (slot, _) in registries.routes.takeReleased() where slot < statistics.count {
            statistics[slot] = nil
            dirtyStatistics.removeAll { $0 == slot }
        }
    }

    /// Puts a new table in force. Requests under way keep the one they began with.
    func apply(_ routing: RoutingTable) {
        tables = ActiveTables(routing, previous: tables)
        forgetSpareExchanges()
        tls.configure(routing.globals.tls, offersHTTP2: routing.globals.usesHTTP2)
        log.configure(isOn: routing.globals.logsAccess, path: routing.globals.accessLogPath)
        streamLog.configure(routing.globals)
    }

    /// Closes idle upstream connections whose endpoints are gone.
    func close(_ connections: [EventHandler]) {
        for connection in connections {
            let connection = unsafeDowncast(connection, to: UpstreamConnection.self)
            if let http2 = connection.http2 { http2.retire() } else { connection.close() }
        }
    }
}

/// What failed attempts are counted by.
struct FailureKey: Hashable {
    var upstream: String
    var reason: String
}
