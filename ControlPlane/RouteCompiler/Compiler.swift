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
    var options = GlobalOptions()
    var plans: [ObjectName: IngressPlan] = [:]
    private var ingressesOfHost = ObjectIndex<String>()
    var hosts: [String: [MergedRoute]] = [:]
    private var losersOfHost: [String: Set<ObjectReference>] = [:]
    var upstreams = UpstreamTable()
    var publishedNames: [UpstreamKey: String] = [:]
    var sections: [SectionName: Section] = [:]
    var live: [String: LiveUpstream] = [:]
    var retained = RetainedUpstreams()
    var diagnosticTable = DiagnosticTable()
    var publishedDiagnostics: [ObjectReference: [Diagnostic]] = [:]

    /// - Parameter objects: shared with the compilers of other class groups.
    package init(
        configuration: CompilerConfiguration = CompilerConfiguration(), objects: ClusterObjects = ClusterObjects()
    ) {
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
        if work.rereadsOptions || sections.isEmpty { rereadOptions(&work) }
        let pass = planPass()
        for name in work.ingresses { replan(name, pass, &work) }
        for host in work.hosts { remerge(host, &work) }
        var result = CompilationResult()
        emitUpstreams(&work, into: &result)
        emitHosts(work, into: &result)
        emitGlobalSettings(into: &result)
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
    package func retain(_ settings: [UpstreamSettings]) -> CompilationResult {
        let before = retained
        retained = RetainedUpstreams(settings)
        var result = CompilationResult()
        for name in before.names.sorted() where retained[name] == nil && !isConfigured(name) {
            removeLive(name, from: &result)
        }
        let pass = EndpointPass(state: state)
        for name in retained.names.sorted() { publishRetained(name, pass, into: &result) }
        return result
    }

    /// Everything there is, as if it were new: for whoever starts with nothing.
    package func everything() -> CompilationResult {
        var result = CompilationResult()
        result.changedSections = sections.values.sorted { $0.name < $1.name }
        for (name, state) in live.sorted(by: { $0.key < $1.key }) { append(name, state, to: &result) }
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
            work.ingresses.formUnion(state.ingresses(mentioning: .none))
            work.ingresses.formUnion(state.ingresses(mentioning: .annotation("")))
        case .configMap: if name == configuration.configMap { work.rereadsOptions = true }
        case .secret, .namespace, nil: break
        }
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
        let configMap = configuration.configMap.flatMap { state.configMaps[$0] }
        let (options, diagnostics) = GlobalOptionRegistry.options(of: configMap)
        if let name = configuration.configMap {
            let reference = ObjectReference(kind: ObjectKind.configMap.rawValue, name: name)
            diagnosticTable.replace(reference, .object, with: diagnostics)
        }
        let changesPolicies =
            options.defaultPolicy != self.options.defaultPolicy
            || options.retriesNonIdempotent != self.options.retriesNonIdempotent
        if changesPolicies { work.ingresses.formUnion(state.ingresses.keys) }
        self.options = options
    }

    // MARK: Plans and hosts

    private func planPass() -> PlanPass {
        PlanPass(
            dialect: dialect, options: options,
            classes: ClassPass(selection: configuration.classes, classes: state.ingressClasses),
            endpoints: EndpointPass(state: state))
    }

    private func replan(_ name: ObjectName, _ pass: PlanPass, _ work: inout CompilerWork) {
        let (plan, diagnostics) = state.ingresses[name].map(pass.plan) ?? (nil, [])
        let reference = ObjectReference(kind: ObjectKind.ingress.rawValue, name: name)
        diagnosticTable.replace(reference, .object, with: diagnostics)
        let old = plans[name]
        guard plan != old else { return }
        plans[name] = plan
        ingressesOfHost.move(name, from: old?.hosts ?? [], to: plan?.hosts ?? [])
        work.hosts.formUnion(old?.hosts ?? [])
        work.hosts.formUnion(plan?.hosts ?? [])
    }

    private func remerge(_ host: String, _ work: inout CompilerWork) {
        let members = ingressesOfHost[host].compactMap { plans[$0] }
        let merged = HostPass.merge(host, members)
        replaceConflicts(host, merged.conflicts)
        let old = hosts[host]
        hosts[host] = members.isEmpty ? nil : merged.routes
        guard hosts[host] != old else { return }
        work.emittedHosts.insert(host)
        upstreams.move(
            .host(host), from: Set((old ?? []).lazy.map(\.upstream)), to: Set(merged.routes.lazy.map(\.upstream)))
    }

    private func replaceConflicts(_ host: String, _ conflicts: [Diagnostic]) {
        var byLoser: [ObjectReference: [Diagnostic]] = [:]
        for conflict in conflicts {
            if let object = conflict.object { byLoser[object, default: []].append(conflict) }
        }
        for loser in losersOfHost[host] ?? [] where byLoser[loser] == nil {
            diagnosticTable.replace(loser, .host(host), with: [])
        }
        for (loser, diagnostics) in byLoser { diagnosticTable.replace(loser, .host(host), with: diagnostics) }
        losersOfHost[host] = byLoser.isEmpty ? nil : Set(byLoser.keys)
    }
}
