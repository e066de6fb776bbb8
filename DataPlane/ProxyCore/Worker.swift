import EventLoop
import Glibc
import PorticoModel
import Routing
import StreamProxy
import Upstreams

/// One worker process: an event loop on one thread that serves its listeners by the state it is told.
package final class Worker {
    private static let flushMilliseconds: UInt32 = 100

    private let configuration: WorkerConfiguration
    private let loop: EventLoop
    let core: WorkerCore
    /// TCP and UDP services.
    var streams: StreamProxy { core.streams }
    private var listeners: [Listener] = []
    private var signals: SignalHandler?
    private var timers: [PeriodicTimer] = []
    private var link: LinkAttachment?
    private var handover: SocketReceiver?
    private var drainDeadline: UInt64?
    private var isStopped = false
    private var isListening = false

    package init(configuration: WorkerConfiguration) throws {
        self.configuration = configuration
        loop = try EventLoop()
        core = WorkerCore(
            loop: loop, index: configuration.index, temporaryDirectory: configuration.temporaryDirectory)
        if let descriptor = configuration.limitsDescriptor {
            core.policies.share(descriptor: descriptor, worker: configuration.index)
        }
        streams.record = { [unowned core] in core.streamLog.write($0, core: core) }
        if let descriptor = configuration.handoverDescriptor {
            handover = try SocketReceiver(descriptor: descriptor, proxy: streams)
            handover?.onDatabase = { [unowned core] kind, file in core.geo.adopt(kind, descriptor: file) }
        }
        timers.append(
            PeriodicTimer(in: loop, every: Self.flushMilliseconds) { [unowned core] in core.flushLogs() })
        timers.append(
            PeriodicTimer(in: loop, every: 500) { [unowned core, unowned loop] in
                core.time.update(epochSeconds: loop.clock.secondsOfDay)
            })
    }

    deinit {
        // Handlers hold on to the core, and the core to the loop that holds them.
        loop.unregisterAll()
        core.forgetSpareExchanges()
        core.forgetSpareStreams()
    }

    /// Follows the supervisor and the control plane, and reports to them.
    private func attachLink() {
        guard configuration.supervisorLink != nil || configuration.controlSocketPath != nil else { return }
        let link = LinkAttachment(worker: self, loop: loop, configuration: configuration)
        self.link = link
        timers.append(PeriodicTimer(in: loop, every: 1_000) { [unowned link] in link.report() })
        timers.append(PeriodicTimer(in: loop, every: Self.flushMilliseconds) { [unowned link] in link.sendSpans() })
    }

    /// Takes SIGTERM as the order to drain, and is not impressed by SIGHUP. `run` does it where it was not done.
    package func handleSignals() throws {
        guard signals == nil else { return }
        signal(SIGPIPE, SIG_IGN)
        signals = try SignalHandler(for: [SIGTERM, SIGINT, SIGHUP], in: loop) { [unowned self] number in
            if number != SIGHUP { drain() }
        }
    }

    /// Serves until it has drained.
    /// - Returns: the process's exit code.
    package func run() -> Int32 {
        do {
            try handleSignals()
            attachLink()
            while !isStopped { try turn(waitingAtMost: 1_000) }
        } catch {
            return 1
        }
        link?.sendSpans()
        link?.report()
        core.stopLogs()
        core.waiting.stop()
        return 0
    }

    /// One turn of the loop.
    package func turn(waitingAtMost milliseconds: UInt64) throws {
        try loop.turn(waitingAtMost: milliseconds)
        core.time.update(epochSeconds: loop.clock.secondsOfDay)
        core.log.flushIfLarge()
        if let drainDeadline { checkDrained(drainDeadline) }
    }

    /// Stops accepting, lets requests finish, closes what is idle, and ends when nothing is left or time is up.
    package func drain(milliseconds: UInt32? = nil) {
        guard drainDeadline == nil else { return }
        let patience = milliseconds ?? core.tables.globals.drainTimeoutMilliseconds
        drainDeadline = loop.clock.milliseconds + UInt64(patience)
        for listener in listeners { listener.stop() }
        listeners = []
        streams.drain()
        core.isDraining = true
        loop.forEachHandler { handler in
            if let connection = handler as? DownstreamConnection { connection.drain() }
        }
    }

    private func checkDrained(_ deadline: UInt64) {
        let isIdle = core.counters.openConnections == 0 && streams.openSessions == 0
        if isIdle || loop.clock.milliseconds >= deadline { isStopped = true }
    }

    // MARK: State

    /// The table in force; a builder starts from it.
    package var routing: RoutingTable { core.tables.routing }

    /// Puts a table in force for requests that begin from now on.
    package func apply(_ routing: RoutingTable) {
        core.apply(routing)
        core.forgetReleasedSlots()
        streams.maximumSessions = UInt64(routing.globals.maximumConnections)
        if !isListening, drainDeadline == nil { listen() }
    }

    /// Accepts connections only from the first version on: before, every request would get 404.
    private func listen() {
        isListening = true
        for listener in configuration.listeners {
            let opened = try? Listener(
                core: core, descriptor: listener.descriptor, isSecure: listener.kind == .https)
            if let opened { listeners.append(opened) }
            if listener.kind == .https, core.securePort == nil {
                core.securePort = Socket.localAddress(listener.descriptor).port
            }
        }
    }

    /// Takes an upstream's endpoints as they are now.
    package func apply(_ endpoints: EndpointSet) {
        core.close(core.upstreams.apply(endpoints))
    }

    /// Takes certificates and the like.
    package func apply(_ objects: [LiveObject]) {
        core.tls.apply(objects)
        for object in objects where object.name.kind == .passwords { core.policies.set(object) }
    }

    package func remove(_ names: [LiveObjectName]) {
        core.tls.remove(names)
        for name in names where name.kind == .passwords { core.policies.remove(name) }
    }

    package func removeEndpoints(of upstream: String) {
        core.close(core.upstreams.remove(upstream))
    }
}
