import Certificates
import ClusterState
import ControlLink
import ControlServer
import ExternalNames
import Logging
import PorticoModel
import RouteCompiler
import SnapshotPublisher
import SnapshotStore
import TraceExport

/// What the workers of one class group are sent: compiles the shared objects for it, publishes the result as versions of
/// its own, and resolves its external names. The controller owns it.
final class ClassStream {
    let name: String
    let publisher: SnapshotPublisher
    /// What this process published first: whoever runs it or a newer version has applied the configuration.
    private(set) var firstPublished: Version?
    private(set) var publications: UInt64 = 0

    /// What a worker runs that cannot be followed until the election has come to its epoch.
    private(set) var aheadClient: Version?

    /// Since somebody asked for them, other certificates have come into use.
    private(set) var hasNewCertificates = false
    private let compiler: Compiler
    private let logger: Logger
    private var externalNames: [String: ExternalNameTarget] = [:]
    private var listener: LinkListener?
    private var resolver: ExternalNameResolver?
    private(set) var exporter: TraceExporter?

    init(
        _ group: ClassGroup, objects: ClusterObjects, store: SnapshotStore, versions: VersionAllocator, logger: Logger
    ) {
        name = group.name
        self.logger = logger
        compiler = Compiler(
            configuration: group.compiler, objects: objects,
            firewallCheck: FirewallCheck { RuleCompilation.problem(of: $0) })
        publisher = SnapshotPublisher(
            store: store, versions: versions, classGroup: group.name, logger: logger, clock: Controller.now)
    }

    /// Where results go. To be called once, before the first change.
    func connect(listener: LinkListener, resolver: ExternalNameResolver, exporter: TraceExporter?) {
        self.listener = listener
        self.exporter = exporter
        self.resolver = resolver
    }

    /// Compiles what a batch did to the objects, and sends what is different for the workers.
    /// - Returns: the objects whose diagnostics changed.
    func take(_ changes: [AppliedChange]) -> [ObjectReference: [Diagnostic]] {
        let result = compiler.update(after: changes)
        exporter?.configure(compiler.collector)
        let live = takeLiveState(of: result)
        let published = publisher.apply(
            changed: result.changedSections, removed: result.removedSections, causes: result.causes)
        if let published {
            publish(published, live)
        } else if !live.isEmpty {
            listener?.updateLiveState(
                of: name, changed: live.changed, removed: live.removed, objects: live.objects,
                removedObjects: live.removedObjects)
        }
        return result.changedDiagnostics
    }

    // MARK: Workers that are ahead

    /// Publishes again above what a worker runs, or remembers it until that is possible.
    func moveAhead(of version: Version) {
        if let published = publisher.moveAhead(of: version) {
            publish(published)
        } else if publisher.running.map({ $0.version <= version }) ?? true {
            aheadClient = max(aheadClient ?? .none, version)
        }
    }

    /// A new epoch has begun.
    func retryAhead() {
        guard let version = aheadClient else { return }
        aheadClient = nil
        moveAhead(of: version)
    }

    /// The history on disk can be read after all.
    func take(_ history: FormerHistory) {
        if let published = publisher.take(history.found[name], floor: history.floor) { publish(published) }
    }

    // MARK: Questions about Ingresses

    func serves(_ ingress: Ingress) -> Bool { compiler.serves(ingress) }

    func review(_ candidate: Ingress) -> IngressReview { compiler.review(candidate) }

    /// Tells the time and what all workers share.
    /// - Returns: the objects whose diagnostics changed.
    func take(_ shared: [LiveObject], at seconds: Int64) -> [ObjectReference: [Diagnostic]] {
        var live = takeLiveState(of: compiler.supply(shared))
        let result = compiler.advance(to: seconds)
        live.append(takeLiveState(of: result))
        if !live.isEmpty {
            listener?.updateLiveState(
                of: name, changed: live.changed, removed: live.removed, objects: live.objects,
                removedObjects: live.removedObjects)
        }
        return result.changedDiagnostics
    }

    /// The certificates in use that responses are stapled to.
    var stapleable: [CertificateMaterial] {
        hasNewCertificates = false
        return compiler.stapleable
    }

    /// Nil where keys of tickets are derived from nothing.
    var ticketSeed: [UInt8]? { compiler.ticketSeed }

    var servedCertificates: [ServedCertificate] { compiler.servedCertificates }

    /// Takes what the authorities say.
    /// - Returns: the objects whose diagnostics changed.
    func staple(_ standing: OCSPStanding) -> [ObjectReference: [Diagnostic]] {
        let result = compiler.staple(standing)
        let live = takeLiveState(of: result)
        // What was changed here is known already.
        hasNewCertificates = false
        if !live.isEmpty {
            listener?.updateLiveState(of: name, changed: [], removed: [], objects: live.objects, removedObjects: [])
        }
        return result.changedDiagnostics
    }

    /// Takes the addresses of external names.
    func take(resolved: [EndpointSet]) {
        let wanted = resolved.filter { externalNames[$0.upstream] != nil }
        if !wanted.isEmpty { listener?.updateLiveState(of: name, changed: wanted) }
    }

    /// Sends a version to the workers, with the live state that belongs to it.
    func publish(_ published: PublishedVersion, _ live: LiveChanges = LiveChanges()) {
        if firstPublished == nil { firstPublished = published.version }
        publications += 1
        // A pinned version may have upstreams that the newest configuration has not.
        let retained = takeLiveState(
            of:
                compiler.retain(publisher.pinnedUpstreams, objects: publisher.pinnedObjects))
        let contents = published.contents
        listener?.publish(
            PublishedSnapshot(
                version: published.version, tree: published.tree, isPinned: published.isPinned,
                section: { contents.content(of: $0) }),
            to: name, changed: live.changed + retained.changed, removed: live.removed + retained.removed,
            objects: live.objects + retained.objects, removedObjects: live.removedObjects + retained.removedObjects)
        let cause = published.record.cause
        logger.info(
            "published \(published.version) to \(name): \(published.tree.count) sections\(cause.isEmpty ? "" : "; \(cause)")"
        )
    }

    /// Hands names to the resolver.
    /// - Returns: what the workers need to know.
    private func takeLiveState(of result: CompilationResult) -> LiveChanges {
        if result.changedObjects.contains(where: { $0.name.kind == .certificate })
            || result.changedSections.contains(where: { $0.name.kind == .globalSettings })
        {
            hasNewCertificates = true
        }
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
        return LiveChanges(
            changed: result.changedEndpointSets, removed: removed, objects: result.changedObjects,
            removedObjects: result.removedObjects)
    }
}

/// What is different in the live state.
struct LiveChanges {
    var changed: [EndpointSet] = []
    var removed: [String] = []
    var objects: [LiveObject] = []
    var removedObjects: [LiveObjectName] = []

    mutating func append(_ other: LiveChanges) {
        changed += other.changed
        removed += other.removed
        objects += other.objects
        removedObjects += other.removedObjects
    }

    var isEmpty: Bool { changed.isEmpty && removed.isEmpty && objects.isEmpty && removedObjects.isEmpty }
}
