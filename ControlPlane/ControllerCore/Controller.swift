import CSystem
import ClusterState
import ControlLink
import ControlServer
import Dispatch
import ExternalNames
import FoundationEssentials
import Logging
import ManifestDirectory
import PorticoModel
import RouteCompiler
import SnapshotPublisher
import SnapshotStore

/// Turns what happens to the manifests, to names and to workers into what the workers are sent.
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

    private let compiler: Compiler
    let publisher: SnapshotPublisher
    var diagnostics = DiagnosticTable()
    var workers = WorkerTable()
    private var externalNames: [String: ExternalNameTarget] = [:]
    /// What this process published first: whoever runs it or a newer version has applied the configuration.
    var firstPublished: Version?
    var publications: UInt64 = 0

    private var listener: LinkListener?
    private var resolver: ExternalNameResolver?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(configuration: ControllerConfiguration, store: SnapshotStore, logger: Logger) {
        self.configuration = configuration
        self.store = store
        self.logger = logger
        executor = QueueExecutor(label: "portico.controller")
        compiler = Compiler(configuration: configuration.compiler)
        publisher = SnapshotPublisher(
            store: store, classGroup: configuration.classGroup, logger: logger, clock: Controller.now)
        metrics = MetricsAggregator(controllerLabels: configuration.controllerLabels)
    }

    /// Seconds since 1970.
    static let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }

    /// Where results go. To be called once, before the first event.
    func connect(listener: LinkListener, resolver: ExternalNameResolver) {
        self.listener = listener
        self.resolver = resolver
    }

    /// Takes an event from any thread, and returns at once.
    nonisolated func post(_ event: ControllerEvent) {
        guard mailbox.add(event) else { return }
        executor.queue.async { self.assumeIsolated { $0.work() } }
    }

    // MARK: Events

    private func work() {
        var changes: [ObjectChange] = []
        var hasManifests = false
        var resolved: [EndpointSet] = []
        for event in mailbox.take() {
            switch event {
            case .manifests(let update):
                hasManifests = true
                changes += update.changes
                diagnostics.replaceFolder(update.diagnostics, logger)
            case .resolved(let set): resolved.append(set)
            case .link(let event): handle(event)
            }
        }
        if hasManifests { compile(changes) }
        if changes.count > Controller.manyChanges { giveBackMemory() }
        resolved.removeAll { externalNames[$0.upstream] == nil }
        if !resolved.isEmpty { listener?.updateLiveState(changed: resolved) }
    }

    private func compile(_ changes: [ObjectChange]) {
        let result = compiler.apply(changes)
        diagnostics.replace(result.changedDiagnostics, logger)
        let live = takeLiveState(of: result)
        let published = publisher.apply(
            changed: result.changedSections, removed: result.removedSections, causes: result.causes)
        if let published {
            publish(published, changed: live.changed, removed: live.removed)
        } else if !live.changed.isEmpty || !live.removed.isEmpty {
            listener?.updateLiveState(changed: live.changed, removed: live.removed)
        }
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

    /// Hands names to the resolver.
    /// - Returns: what the workers need to know.
    func takeLiveState(of result: CompilationResult) -> (changed: [EndpointSet], removed: [String]) {
        for target in result.changedExternalNames { externalNames[target.upstream] = target }
        for upstream in result.removedExternalNames { externalNames[upstream] = nil }
        if !result.changedExternalNames.isEmpty || !result.removedExternalNames.isEmpty {
            let names = result.changedExternalNames.map {
                ExternalName(upstream: $0.upstream, hostname: $0.hostname, port: $0.port)
            }
            resolver?.update(changed: names, removed: result.removedExternalNames)
        }
        // An upstream that goes from endpoints to a name or back keeps what it has until the other is known.
        var kept = Set(result.changedEndpointSets.map(\.upstream))
        kept.formUnion(result.changedExternalNames.map(\.upstream))
        let removed = (result.removedEndpointSets + result.removedExternalNames).filter { !kept.contains($0) }
        return (result.changedEndpointSets, removed)
    }

    /// Sends a version to the workers, with the live state that belongs to it.
    func publish(_ published: PublishedVersion, changed: [EndpointSet] = [], removed: [String] = []) {
        if firstPublished == nil { firstPublished = published.version }
        publications += 1
        // A pinned version may have upstreams that the newest configuration has not.
        let retained = takeLiveState(of: compiler.retain(publisher.pinnedUpstreams))
        let contents = published.contents
        listener?.publish(
            PublishedSnapshot(
                version: published.version, tree: published.tree, isPinned: published.isPinned,
                section: { contents.content(of: $0) }),
            changed: changed + retained.changed, removed: removed + retained.removed)
        let cause = published.record.cause
        logger.info(
            "published \(published.version): \(published.tree.count) sections\(cause.isEmpty ? "" : "; \(cause)")")
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
        case .clientIsAhead(_, let version):
            if let published = publisher.moveAhead(of: version) { publish(published) }
        case .acknowledged(let client, let version): acknowledge(client, version, error: nil)
        case .refused(let client, let version, let error): acknowledge(client, version, error: error)
        case .metrics(let client, let report): count { $0.take(report, from: client.hello.incarnation) }
        case .log(let client, let event):
            logger.log(
                level: Logger.Level(rawValue: event.level) ?? .info, "\(client.hello.process): \(event.message)")
        case .sectionMissing(let client, let version, let digest):
            logger.error("section \(digest) of version \(version) is missing; \(client.hello.process) stays as it is")
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
        guard let firstPublished else { return "the manifests have not been compiled yet" }
        let applied = workers.count(running: firstPublished)
        guard applied < configuration.expectedWorkers else { return nil }
        let refusal = workers.refusing.map { "; \($0.name) refused: \($0.refused?.error ?? "")" } ?? ""
        return "\(applied) of \(configuration.expectedWorkers) workers have applied the configuration\(refusal)"
    }

    /// Gives back reserved versions.
    func finish() { publisher.finish() }
}
