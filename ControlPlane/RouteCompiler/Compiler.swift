import ClusterState
import IngressAnnotations
import PorticoModel

/// Compiles the cluster's state into sections and live state, one batch of changes at a time.
///
/// Pure: no I/O and no clock. What it holds after any sequence of changes is what a fresh compiler would hold after
/// the final objects, byte for byte. A batch passes these stages, each of which tells the next what to do again:
/// objects → (classes, policies, hosts, paths, backends) plans → hosts with their conflicts → upstreams and names →
/// sections, endpoints and diagnostics.
///
/// Not thread-safe: one owner calls it.
package final class Compiler {
    package let configuration: CompilerConfiguration
    private let objects: ClusterObjects
    package var state: ClusterState { objects.state }

    private let dialect: AnnotationDialect
    private let firewallCheck: FirewallCheck
    private var settings = GroupSettings()
    /// Of the data plane.
    var options: GlobalOptions { settings.options }
    var plans: [ObjectName: IngressPlan] = [:]
    private var referencesOfIngress: [ObjectName: Set<ObjectReference>] = [:]
    private var ingressesOfReference = ObjectIndex<ObjectReference>()
    var ingressesOfHost = ObjectIndex<String>()
    /// The Ingresses that give a host another name, or redirect from one.
    var ingressesOfDerivedHost = ObjectIndex<String>()
    var hosts: [String: [MergedRoute]] = [:]
    var losersOfHost: [String: Set<ObjectReference>] = [:]
    let certificates = CertificateTable()
    var wantedObjects = LiveObjectTable()
    /// What the owner gives to all workers: keys of tickets, and a certificate for want of a better one.
    var supplied: [LiveObjectName: LiveObject] = [:]
    /// Secrets of whose certificates the authorities say nothing of use.
    var unstapled: Set<ObjectReference> = []
    /// Of the ConfigMap, the one in use first.
    var ticketKeys: [[UInt8]] = []
    /// Seconds since 1970, as the owner last said.
    var now: Int64 = 0
    /// What the Ingresses of a host say about TLS.
    var tlsOfHost: [String: PlannedHostTLS] = [:]
    var liveObjects: [LiveObjectName: LiveObject] = [:]
    var upstreams = UpstreamTable()
    var publishedNames: [UpstreamKey: String] = [:]
    var sections: [SectionName: Section] = [:]
    var live: [String: LiveUpstream] = [:]
    var retained = RetainedUpstreams()
    var streams: [StreamService.Port: StreamEntry] = [:]
    var publishedStreams: Set<StreamService.Port> = []
    var diagnosticTable = DiagnosticTable()
    var publishedDiagnostics: [ObjectReference: [Diagnostic]] = [:]

    /// Where spans go; nil where they go nowhere.
    package var collector: TraceCollector? { options.collector }

    /// - Parameters:
    ///   - objects: shared with the compilers of other class groups.
    ///   - firewallCheck: without one, rules of ModSecurity are taken unseen, and their workers compile them.
    package init(
        configuration: CompilerConfiguration = CompilerConfiguration(), objects: ClusterObjects = ClusterObjects(),
        firewallCheck: FirewallCheck = FirewallCheck()
    ) {
        self.firewallCheck = firewallCheck
        self.configuration = configuration
        self.objects = objects
        dialect = .nginx(prefix: configuration.annotationPrefix)
        if let key = defaultBackend { upstreams.move(.defaultBackend, from: [], to: [key]) }
    }

    /// Takes a batch of changes and tells what it changed.
    package func apply(_ changes: [ObjectChange]) -> CompilationResult { update(after: objects.apply(changes)) }

    /// Takes what a batch did to the objects, which are shared, and tells what it changed here.
    package func update(after changes: [AppliedChange]) -> CompilationResult {
        var work = CompilerWork()
        for change in changes { note(change, in: &work) }
        return compile(&work, concernsStreams: changes.contains { concernsStreams($0.reference) })
    }

    /// Plans again what refers to these objects, which are as before: time has passed.
    func refresh(_ references: [ObjectReference]) -> CompilationResult {
        var work = CompilerWork()
        for reference in references { work.ingresses.formUnion(ingressesOfReference[reference]) }
        return compile(&work, concernsStreams: false)
    }

    private func compile(_ work: inout CompilerWork, concernsStreams: Bool) -> CompilationResult {
        if work.rereadsOptions || sections.isEmpty { rereadOptions(&work) }
        let pass = planPass()
        for name in work.ingresses { replan(name, pass, &work) }
        remergeHosts(&work)
        if concernsStreams { replanStreams() }
        var result = CompilationResult()
        emitUpstreams(&work, into: &result)
        emitHosts(work, into: &result)
        emitStreams(into: &result)
        emitGlobalSettings(into: &result)
        emitLiveObjects(into: &result)
        emitTicketKeys(into: &result)
        emitDiagnostics(into: &result)
        result.changedSections.sort { $0.name < $1.name }
        result.removedSections.sort()
        result.causes = Array(work.causes).sorted()
        return result
    }

    /// Keeps the live state of upstreams flowing that the configuration need not have: those of a pinned version.
    /// They replace the ones that were retained before.
    ///
    /// - Returns: changes of live state only.
    package func retain(_ settings: [UpstreamSettings], objects: Set<LiveObjectName> = []) -> CompilationResult {
        let before = retained
        retained = RetainedUpstreams(settings)
        var result = CompilationResult()
        for name in before.names.sorted() where retained[name] == nil && !isConfigured(name) {
            removeLive(name, from: &result)
        }
        let pass = endpointPass
        for name in retained.names.sorted() { publishRetained(name, pass, into: &result) }
        wantedObjects.set(objects, for: .pinned)
        emitLiveObjects(into: &result)
        return result
    }

    /// Everything there is, as if it were new: for whoever starts with nothing.
    package func everything() -> CompilationResult {
        var result = CompilationResult()
        result.changedSections = sections.values.sorted { $0.name < $1.name }
        for (name, state) in live.sorted(by: { $0.key < $1.key }) { append(name, state, to: &result) }
        result.changedObjects = liveObjects.values.sorted { $0.name < $1.name }
        result.changedDiagnostics = publishedDiagnostics
        return result
    }

    /// All that is wrong at this moment, sorted.
    package var diagnostics: [Diagnostic] { publishedDiagnostics.values.joined().sorted() }

    // MARK: Objects

    private func note(_ change: AppliedChange, in work: inout CompilerWork) {
        let name = change.reference.name
        switch change.effect {
        case .none: return
        case .moved: return diagnosticTable.touch(change.reference)
        case .changed: work.causes.insert(change.reference)
        }
        noteReference(change, in: &work)
        switch ObjectKind(rawValue: change.reference.kind) {
        case .ingress: work.ingresses.insert(name)
        case .service:
            concern(name, &work)
            if !hasSamePorts(change.before?.service, change.after?.service) {
                work.ingresses.formUnion(state.ingresses(of: name))
            }
        case .endpointSlice:
            for slice in [change.before?.endpointSlice, change.after?.endpointSlice].compactMap({ $0 }) {
                concern(slice.owner, &work)
            }
        case .endpoints: concern(name, &work)
        case .ingressClass:
            work.ingresses.formUnion(state.ingresses(mentioning: .className(name.name)))
            work.ingresses.formUnion(ingressesWithoutClass)
            work.rereadsOptions = true
        case .secret:
            touchLiveObjects(name)
        case .configMap, .namespace, nil: break
        }
    }

    /// What annotations or the ConfigMap name.
    private func noteReference(_ change: AppliedChange, in work: inout CompilerWork) {
        if settings.references.contains(change.reference) { work.rereadsOptions = true }
        if change.before?.service != nil, hasSamePorts(change.before?.service, change.after?.service) { return }
        work.ingresses.formUnion(ingressesOfReference[change.reference])
    }

    /// The endpoints of a service may be others now.
    private func concern(_ service: ObjectName, _ work: inout CompilerWork) {
        work.upstreams.formUnion(upstreams.keys(of: service))
        work.retained.formUnion(retained.names(of: service))
    }

    /// Whether backends that name the service are as right or wrong as before.
    private func hasSamePorts(_ before: Service?, _ after: Service?) -> Bool {
        guard let before, let after else { return false }
        return before.kind == after.kind && before.ports == after.ports && before.isHeadless == after.isHeadless
    }

    private func rereadOptions(_ work: inout CompilerWork) {
        let new = GroupSettings(configuration, state)
        let (options, old) = (new.options, self.options)
        if options.bearsOnIngresses(differentlyFrom: old) { work.ingresses.formUnion(state.ingresses.keys) }
        for name in new.classesThatDiffer(from: settings) {
            work.ingresses.formUnion(state.ingresses(mentioning: .className(name)))
            work.ingresses.formUnion(state.ingresses(mentioning: .annotation(name)))
            work.ingresses.formUnion(ingressesWithoutClass)
        }
        if options.settings.redirectStatus != old.settings.redirectStatus {
            work.hosts.formUnion(ingressesOfDerivedHost.keys)
        }
        if options.sharesUpstreamTLS != old.sharesUpstreamTLS {
            for plan in plans.values where plan.upstreamTLS != nil { work.hosts.formUnion(plan.hosts) }
        }
        // A default policy shows in the routes that snippets touch, though their Ingresses say what they said.
        if options.settings.defaultPolicy != old.settings.defaultPolicy {
            for plan in plans.values where plan.server != nil || !plan.locations.isEmpty || plan.canary != nil {
                work.hosts.formUnion(plan.hosts)
            }
        }
        for object in Set(settings.diagnostics.keys).union(new.diagnostics.keys) {
            diagnosticTable.replace(object, .settings, with: new.diagnostics[object] ?? [])
        }
        settings = new
    }

    private var ingressesWithoutClass: Set<ObjectName> {
        Set(state.ingresses(mentioning: .none)).union(state.ingresses(mentioning: .annotation("")))
    }

    // MARK: Plans and hosts

    var endpointPass: EndpointPass {
        EndpointPass(state: state, refusesExternalNames: configuration.refusesExternalNames)
    }

    func planPass() -> PlanPass {
        PlanPass(
            dialect: dialect, settings: settings,
            classes: ClassPass(selection: configuration.classes, classes: state.ingressClasses),
            endpoints: endpointPass,
            tls: TLSPass(
                prefix: dialect.prefix, state: state, table: certificates,
                allowsOtherNamespaces: options.security.allowsCrossNamespaceReferences,
                allowsPassthrough: configuration.allowsPassthrough, now: now),
            firewallCheck: firewallCheck)
    }

    /// The plans of the Ingresses that mention a host, in no order.
    func plansOf(_ host: String) -> [IngressPlan] { ingressesOfHost[host].compactMap { plans[$0] } }

    private func replan(_ name: ObjectName, _ pass: PlanPass, _ work: inout CompilerWork) {
        let outcome = state.ingresses[name].map(pass.plan) ?? .nothing
        let reference = ObjectReference(kind: ObjectKind.ingress.rawValue, name: name)
        diagnosticTable.replace(reference, .object, with: outcome.diagnostics)
        let references = referencesOfIngress[name] ?? []
        ingressesOfReference.move(name, from: references, to: outcome.references)
        referencesOfIngress[name] = outcome.references.isEmpty ? nil : outcome.references
        let (old, plan) = (plans[name], outcome.plan)
        guard plan != old else { return }
        plans[name] = plan
        ingressesOfHost.move(name, from: old?.hosts ?? [], to: plan?.hosts ?? [])
        let (oldDerived, derived) = (old?.derivedHosts ?? [], plan?.derivedHosts ?? [])
        ingressesOfDerivedHost.move(name, from: oldDerived, to: derived)
        work.hosts.formUnion(old?.hosts ?? [])
        work.hosts.formUnion(plan?.hosts ?? [])
        work.hosts.formUnion(oldDerived)
        work.hosts.formUnion(derived)
    }
}
