import ControlLink
import PorticoModel
import PorticoSnapshot

/// A worker's side of the control link, without its socket: bytes in, orders and bytes out.
///
/// One client serves the whole life of a worker, over one connection at a time:
///   1. The connection inherited from the supervisor brings the state that the supervisor keeps, once. When
///      `LinkOrder.initialStateComplete` comes, or the connection ends or fails, close it.
///   2. Then the control socket, again and again with `ReconnectBackOff`. The hello tells the version that runs, so only
///      what differs is sent.
/// There is no race between the two sources, because they follow each other, and a version lower than the running one is
/// refused whoever sends it. Live state of the control plane replaces the supervisor's set by set as it arrives; what
/// the control plane does not name goes when its listing ends.
///
/// Use:
///
///     client.connectionOpened()                   // queues the hello
///     // readable: read at most 64 KiB at a time, then
///     try client.receive(bytes)                   // on an error: close, connectionClosed(), reconnect later
///     while let order = client.nextOrder() { … }
///     // after an order `.apply(update)`, whether at once or some turns later:
///     client.finishApplying(.applied)             // or .refused("why"); then nextOrder() again
///     // writable, or after any of the above:
///     SocketTransfer.flush(&client.output, to: descriptor)
///
/// The work of a call grows with the bytes it is given: sections are checked and decoded as they arrive, and the manifest
/// at the end only names them.
package final class ControlLinkClient {
    package let identity: LinkIdentity
    private let protocols: ProtocolRange
    private var reader = FrameReader()
    private var assembly = ManifestAssembly<Section>()
    private var live = LiveListing()
    private var orders: [LinkOrder] = []
    private var nextOrderIndex = 0
    private var applying: SnapshotUpdate?
    private var isConnected = false
    private var hasCompleteInitialState = false
    /// The hello must name what runs, so it waits for an update that is being applied.
    private var owesHello = false
    /// What could not be applied. It would not go better on another connection; another process may be a newer build.
    private var refusedVersion: Version?

    /// What runs; `none` before the first version.
    package private(set) var runningVersion = Version.none
    package private(set) var runningTree = ManifestTree()
    /// Whether the server has answered the hello of this connection.
    package private(set) var isWelcomed = false
    /// Bytes for the socket.
    package var output = OutputBuffer()

    /// While this many bytes wait for the socket, reports are not taken.
    static let outputLimit = 4 << 20
    static let seriesPerFrame = 1000
    /// A span is seldom longer than a kilobyte, and never than a head may be.
    static let spansPerFrame = 128

    package init(identity: LinkIdentity, protocols: ProtocolRange = .current) {
        self.identity = identity
        self.protocols = protocols
    }

    /// A connection is there: queues the hello.
    package func connectionOpened() {
        connectionClosed()
        isConnected = true
        if applying == nil { sayHello() } else { owesHello = true }
    }

    private func sayHello() {
        owesHello = false
        output.append(
            .hello(
                LinkFrame.Hello(
                    protocolMinimum: protocols.minimum, protocolMaximum: protocols.maximum, node: identity.node,
                    process: identity.process, isWorker: true, classGroup: identity.classGroup,
                    version: runningVersion, rootDigest: runningVersion == .none ? nil : runningTree.rootDigest,
                    incarnation: identity.incarnation, processID: identity.processID, refusedVersion: refusedVersion)))
    }

    /// The connection is gone. What runs goes on running; what was half received is dropped. Of the orders not yet taken
    /// only live state stays; an update that was taken may still finish.
    package func connectionClosed() {
        forgetOrders()
        isConnected = false
        isWelcomed = false
        hasCompleteInitialState = false
        owesHello = false
        reader = FrameReader()
        assembly = ManifestAssembly()
        live.connectionOpened()
        output.removeAll()
    }

    private func forgetOrders() {
        var kept: [LinkOrder] = []
        for order in orders[nextOrderIndex...] {
            switch order {
            case .setEndpoints, .removeUpstreams, .setObjects, .removeObjects: kept.append(order)
            case .apply: applying = nil
            case .connected, .initialStateComplete, .drain: break
            }
        }
        orders = kept
        nextOrderIndex = 0
    }

    /// Takes bytes from the server. After an error the connection must be closed.
    package func receive(_ bytes: UnsafeRawBufferPointer) throws(LinkError) {
        reader.append(bytes)
        while let frame = try reader.next() { try receive(frame) }
    }

    /// The next thing to do, oldest first.
    package func nextOrder() -> LinkOrder? {
        guard nextOrderIndex < orders.count else {
            orders.removeAll(keepingCapacity: true)
            nextOrderIndex = 0
            return nil
        }
        defer { nextOrderIndex += 1 }
        return orders[nextOrderIndex]
    }

    /// Reports what became of the last order to apply, and answers the server.
    package func finishApplying(_ outcome: ApplyOutcome) {
        guard let update = applying else { return }
        applying = nil
        if case .applied = outcome {
            runningVersion = update.version
            runningTree = update.tree
            refusedVersion = nil
        } else {
            refusedVersion = update.version
        }
        // A connection that is newer than the update knows nothing of it.
        if owesHello { return sayHello() }
        switch outcome {
        case .applied: send(.ack(update.version))
        case .refused(let error):
            send(.nack(update.version, error: error))
            completeInitialState()
        }
    }

    /// Sends what was counted.
    /// - Returns: false when it was not taken, because there is no link or the server does not read: keep the series and
    ///   report them later. After `LinkOrder.connected`, report all series once, for the server may be a new one.
    package func report(_ metrics: MetricsReport) -> Bool {
        guard isWelcomed, output.count < ControlLinkClient.outputLimit else { return false }
        // A series takes up to about a kilobyte, and all routes of a large configuration do not fit into one frame.
        var part = MetricsReport(counters: metrics.counters)
        var series = 0
        for route in metrics.routes {
            part.routes.append(route)
            series += max(1, route.statuses.count)
            guard series >= ControlLinkClient.seriesPerFrame else { continue }
            output.append(.metrics(part))
            part = MetricsReport()
            series = 0
        }
        if part != MetricsReport() { output.append(.metrics(part)) }
        return true
    }

    /// Puts a line into the control plane's log.
    /// - Returns: false when it was dropped, for the same reasons as a report.
    @discardableResult
    package func log(level: String, _ message: String) -> Bool {
        guard isWelcomed, output.count < ControlLinkClient.outputLimit else { return false }
        output.append(.logEvent(LinkFrame.LogEvent(level: level, message: message)))
        return true
    }

    /// Sends spans that ended.
    /// - Returns: false when they were not taken, for the same reasons as a report.
    package func send(_ spans: [Span]) -> Bool {
        guard isWelcomed, output.count < ControlLinkClient.outputLimit else { return false }
        var rest = spans[...]
        while !rest.isEmpty {
            output.append(.spans(Array(rest.prefix(ControlLinkClient.spansPerFrame))))
            rest = rest.dropFirst(ControlLinkClient.spansPerFrame)
        }
        return true
    }

    private func send(_ frame: LinkFrame) {
        if isConnected { output.append(frame) }
    }
}

// MARK: - Frames

extension ControlLinkClient {
    private func receive(_ frame: LinkFrame) throws(LinkError) {
        if case .welcome(let welcome) = frame { return try receive(welcome) }
        if frame == .unknown { return }
        guard isWelcomed else { throw .unexpectedFrame("a server starts with a welcome") }
        switch frame {
        case .blob(let blob):
            try assembly.add(blob) { bytes throws(SnapshotError) in try SectionCodec.decode(bytes) }
        case .manifest(let manifest): try receive(manifest)
        case .liveState(let state): receive(state)
        case .drain(let deadline): orders.append(.drain(deadlineMilliseconds: deadline))
        case .ping(let token):
            if output.count < ControlLinkClient.outputLimit { send(.pong(token: token)) }
        default: throw .unexpectedFrame("a server sends no such frame")
        }
    }

    private func receive(_ welcome: LinkFrame.Welcome) throws(LinkError) {
        guard !isWelcomed else { throw .unexpectedFrame("a second welcome") }
        guard welcome.refusal.isEmpty else { throw .refused(welcome.refusal) }
        guard protocols.minimum <= welcome.protocolVersion, welcome.protocolVersion <= protocols.maximum else {
            throw .noCommonProtocol("this side speaks \(protocols), the server chose \(welcome.protocolVersion)")
        }
        isWelcomed = true
        orders.append(.connected)
    }

    private func receive(_ manifest: LinkFrame.Manifest) throws(LinkError) {
        guard applying == nil else { throw .unexpectedFrame("a manifest before the answer to the last one") }
        guard manifest.version >= runningVersion else {
            assembly = ManifestAssembly()
            return send(.nack(manifest.version, error: "\(runningVersion) is running, which is newer"))
        }
        do throws(AssemblyError) {
            let result = try assembly.finish(manifest, running: runningTree) { reference, section in
                section.name == reference.name
            }
            let update = SnapshotUpdate(
                version: manifest.version, isPinned: manifest.isPinned, tree: result.tree,
                changed: (result.difference.added + result.difference.changed).compactMap {
                    result.contents[$0.digest]
                },
                removed: result.difference.removed)
            applying = update
            orders.append(.apply(update))
        } catch {
            send(.nack(manifest.version, error: error.reason))
            completeInitialState()
        }
    }

    private func receive(_ state: LinkFrame.LiveState) {
        let forgotten = live.apply(state)
        if !state.endpointSets.isEmpty { orders.append(.setEndpoints(state.endpointSets)) }
        if !state.objects.isEmpty { orders.append(.setObjects(state.objects)) }
        if !forgotten.upstreams.isEmpty { orders.append(.removeUpstreams(forgotten.upstreams)) }
        if !forgotten.objects.isEmpty { orders.append(.removeObjects(forgotten.objects)) }
        if state.endsListing {
            completeInitialState()
        }
    }

    /// A server of state ends its listing after its manifest was answered, or at once when it has none; a refused
    /// manifest is also all that comes.
    private func completeInitialState() {
        guard isWelcomed, applying == nil, !hasCompleteInitialState else { return }
        hasCompleteInitialState = true
        orders.append(.initialStateComplete)
    }
}
