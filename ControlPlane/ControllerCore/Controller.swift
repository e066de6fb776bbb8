import CSystem
import Certificates
import ClusterState
import ControlLink
import ControlServer
import Dispatch
import ExternalNames
import FoundationEssentials
import Logging
import PorticoModel
import RouteCompiler
import SnapshotPublisher
import SnapshotStore
import TraceExport

/// Turns what happens to objects, to names and to workers into what the workers are sent.
///
/// Everything runs on one queue, a batch of events at a time: what arrives while a batch is worked on makes the next one,
/// so a burst of changes costs one compilation and one version.
actor Controller {
    nonisolated let configuration: ControllerConfiguration
    nonisolated let logger: Logger
    nonisolated let store: SnapshotStore
    nonisolated let metrics: MetricsAggregator
    private nonisolated let executor: QueueExecutor
    private nonisolated let mailbox = Mailbox()
    private nonisolated let counting = DispatchQueue(label: "portico.metrics", qos: .utility)

    let objects = ClusterObjects()
    let versions: VersionAllocator
    private var tlsMaterial = SharedTLSMaterial()
    var ocsp = OCSPSchedule()
    var fetcher = OCSPFetcher()
    private var timer: (any DispatchSourceTimer)?
    /// The default class group's first.
    let streams: [ClassStream]
    var diagnostics = DiagnosticTable()
    var workers = WorkerTable()
    private(set) var listener: LinkListener?
    private(set) var duties: ClusterDuties?
    /// As of the last change of leader.
    var isLeading = false
    var sharedPins = SharedPins()
    private var source: (any ObjectSource)?
    private var gate: StartGate
    private var wanted: WantedObjects
    /// Nil for a folder, which looks after them itself.
    private var goodForms: GoodForms?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(configuration: ControllerConfiguration, store: SnapshotStore, logger: Logger) {
        self.configuration = configuration
        self.store = store
        self.logger = logger
        executor = QueueExecutor(label: "portico.controller")
        wanted = WantedObjects(configuration.classGroups)
        let isCluster = if case .cluster = configuration.source { true } else { false }
        goodForms = isCluster ? GoodForms(store) : nil
        gate = StartGate(asks: isCluster)
        let versions = VersionAllocator(
            store: store, followsElection: configuration.duties?.election != nil)
        self.versions = versions
        streams = configuration.classGroups.map { [objects] group in
            ClassStream(group, objects: objects, store: store, versions: versions, logger: logger)
        }
        metrics = MetricsAggregator(controllerLabels: configuration.controllerLabels)
    }

    /// Seconds since 1970.
    static let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }

    /// Where results go. To be called once, before the first event.
    /// - Parameter resolvers: one for each class group, in order.
    func connect(
        source: any ObjectSource, listener: LinkListener, resolvers: [ExternalNameResolver],
        exporters: [String: TraceExporter], duties: ClusterDuties?
    ) {
        let timer = DispatchSource.makeTimerSource(queue: executor.queue)
        timer.schedule(
            deadline: .now() + .seconds(Controller.tickSeconds), repeating: .seconds(Controller.tickSeconds))
        timer.setEventHandler { [weak self] in self?.post(.tick) }
        timer.resume()
        self.timer = timer
        self.source = source
        self.duties = duties
        self.listener = listener
        for (stream, resolver) in zip(streams, resolvers) {
            stream.connect(listener: listener, resolver: resolver, exporter: exporters[stream.name])
        }
        store.whenOpened { [weak self] in self?.post(.history($0)) }
        tick()
    }

    /// Certificates expire and keys of tickets are renewed without any event.
    static let tickSeconds = 15

    private func tick() {
        supplySharedMaterial()
        staple()
    }

    private func supplySharedMaterial() {
        let now = Int64(Controller.now())
        let shared = tlsMaterial.objects(at: now, seed: streams[0].ticketSeed)
        for stream in streams {
            tellEvents(diagnostics.replace(stream.take(shared, at: now), of: stream.name, logger))
        }
    }

    func stream(_ classGroup: String) -> ClassStream? { streams.first { $0.name == classGroup } }

    /// Takes an event from any thread, and returns at once.
    nonisolated func post(_ event: ControllerEvent) {
        guard mailbox.add(event) else { return }
        executor.queue.async { self.assumeIsolated { $0.work() } }
    }

    // MARK: Events

    private func work() {
        var changes: [ObjectChange] = []
        var progress: ObjectUpdate.Progress?
        var resolved: [String: [EndpointSet]] = [:]
        for event in mailbox.take() {
            switch event {
            case .objects(let update):
                progress = update.progress
                changes += update.changes
                if let stale = update.stale { goodForms?.note(stale) }
                if let wrong = update.diagnostics { tellEvents(diagnostics.replaceSource(wrong, logger)) }
            case .resolved(let set, let classGroup): resolved[classGroup, default: []].append(set)
            case .link(let event): handle(event)
            case .leadership(let state): take(state)
            case .pins(let words): take(words)
            case .history(let history): take(history)
            case .certificateStatus(let query, let answer): take(answer, to: query)
            case .tick: tick()
            }
        }
        if let progress { take(changes, progress) }
        for (classGroup, sets) in resolved { stream(classGroup)?.take(resolved: sets) }
    }

    private func take(_ changes: [ObjectChange], _ progress: ObjectUpdate.Progress) {
        let applied = objects.apply(changes)
        let wantsOthers = wanted.update(after: applied, objects.state)
        switch gate.take(applied, progress, wanted: wanted.names) {
        case .wait: break
        case .ask(let names): source?.want(names)
        case .compile(let applied):
            compile(applied)
            followPins()
            if wantsOthers { source?.want(wanted.names) }
            goodForms?.keep(objects.state)
            if applied.count > Controller.manyChanges { giveBackMemory() }
        }
    }

    private func compile(_ applied: [AppliedChange]) {
        for stream in streams { tellEvents(diagnostics.replace(stream.take(applied), of: stream.name, logger)) }
        if let seed = configuration.classGroups[0].compiler.ticketSeed,
            applied.contains(where: { $0.reference == ObjectReference(kind: ObjectKind.secret.rawValue, name: seed) })
        {
            supplySharedMaterial()
        }
        if streams.contains(where: \.hasNewCertificates) { staple() }
        tellDuties(applied)
    }

    /// So many changes at once leave much memory behind that was needed only while they were read and compiled.
    private static let manyChanges = 1_000

    private func giveBackMemory() {
        // By then, those who read and stored the objects have let go of them as well.
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + 1) { [store] in
            store.flush()
            portico_trim_memory()
        }
    }

    private func take(_ history: FormerHistory) {
        for stream in streams { stream.take(history) }
        sharedPins.forget()
        followPins()
        if isLeading { duties?.require(epoch: versions.last.epoch) }
        source?.recallLastGood()
    }

    private func handle(_ event: LinkListenerEvent) {
        switch event {
        case .connected(let client):
            workers.connect(client, at: Controller.now())
            count { $0.begin(client.hello.incarnation, process: "\(client.hello.node)/\(client.hello.process)") }
            logger.info("\(client.hello.process) of \(client.hello.node) connected, running \(client.hello.version)")
        case .disconnected(let client, let reason):
            workers.disconnect(client)
            count { $0.end(client.hello.incarnation) }
            let why = reason.map { ": \($0)" } ?? ""
            logger.info("\(client.hello.process) of \(client.hello.node) disconnected\(why)")
        case .clientIsAhead(let client, let version):
            guard let stream = stream(client.hello.classGroup) else { return }
            stream.moveAhead(of: version)
            if isLeading, let ahead = stream.aheadClient { duties?.require(epoch: ahead.epoch) }
        case .acknowledged(let client, let version): acknowledge(client, version, error: nil)
        case .refused(let client, let version, let error): acknowledge(client, version, error: error)
        case .metrics(let client, let report): count { $0.take(report, from: client.hello.incarnation) }
        case .log(let client, let event):
            logger.log(
                level: Logger.Level(rawValue: event.level) ?? .info, "\(client.hello.process): \(event.message)")
        case .sectionMissing(let client, let version, let digest):
            logger.error("section \(digest) of version \(version) is missing; \(client.hello.process) stays as it is")
        case .spans: break
        case .rejected(let reason): logger.warning("the control link turned a peer away: \(reason)")
        }
    }

    /// Counting has a queue of its own, so that a large report, or a reader of `/metrics`, delays no publication.
    private func count(_ change: @escaping @Sendable (MetricsAggregator) -> Void) {
        counting.async { [metrics] in change(metrics) }
    }

    private func acknowledge(_ client: LinkClient, _ version: Version, error: String?) {
        let now = Controller.now()
        if let error {
            workers.refuse(client, version, error)
            logger.error("\(client.hello.process) of \(client.hello.node) refused version \(version): \(error)")
        } else {
            workers.acknowledge(client, version, at: now)
        }
        guard client.hello.isWorker else { return }
        let name = "\(client.hello.node)/\(client.hello.process)"
        store.record(Acknowledgement(worker: name, at: now, error: error), of: version)
    }

    /// Why it is not ready; nil when it is.
    var notReadyReason: String? {
        guard gate.isOpen else { return gate.missing }
        guard streams.allSatisfy({ $0.firstPublished != nil }), let first = streams[0].firstPublished else {
            return "the objects have not been compiled yet"
        }
        let applied = workers.count(of: streams[0].name, running: first)
        guard applied < configuration.expectedWorkers else { return nil }
        let refusal = workers.refusing.map { "; \($0.name) refused: \($0.refused?.error ?? "")" } ?? ""
        return "\(applied) of \(configuration.expectedWorkers) workers have applied the configuration\(refusal)"
    }

    /// Gives back reserved versions.
    func finish() { versions.finish() }
}
