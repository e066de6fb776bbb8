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
    package private(set) var state = ClusterState()

    private let dialect: AnnotationDialect
    private var options = GlobalOptions()
    private var plans: [ObjectName: IngressPlan] = [:]
    private var ingressesOfHost = ObjectIndex<String>()
    private var hosts: [String: [MergedRoute]] = [:]
    private var losersOfHost: [String: Set<ObjectReference>] = [:]
    private var upstreams = UpstreamTable()
    private var publishedNames: [UpstreamKey: String] = [:]
    private var sections: [SectionName: Section] = [:]
    private var live: [String: LiveUpstream] = [:]
    private var diagnosticTable = DiagnosticTable()
    private var publishedDiagnostics: [ObjectReference: [Diagnostic]] = [:]

    package init(configuration: CompilerConfiguration = CompilerConfiguration()) {
        self.configuration = configuration
        dialect = .nginx(prefix: configuration.annotationPrefix)
        if let key = defaultBackend { upstreams.move(.defaultBackend, from: [], to: [key]) }
    }

    /// Takes a batch of changes and tells what it changed.
    package func apply(_ changes: [ObjectChange]) -> CompilationResult {
        var work = CompilerWork()
        for change in changes { note(state.apply(change), in: &work) }
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
            work.upstreams.formUnion(upstreams.keys(of: name))
            if !hasSamePorts(change.before?.service, change.after?.service) {
                work.ingresses.formUnion(state.ingresses(of: name))
            }
        case .endpointSlice:
            for slice in [change.before?.endpointSlice, change.after?.endpointSlice].compactMap({ $0 }) {
                work.upstreams.formUnion(upstreams.keys(of: slice.owner))
            }
        case .endpoints: work.upstreams.formUnion(upstreams.keys(of: name))
        case .ingressClass:
            work.ingresses.formUnion(state.ingresses(mentioning: .className(name.name)))
            work.ingresses.formUnion(state.ingresses(mentioning: .none))
            work.ingresses.formUnion(state.ingresses(mentioning: .annotation("")))
        case .configMap: if name == configuration.configMap { work.rereadsOptions = true }
        case .secret, .namespace, nil: break
        }
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

/// What a batch of changes makes necessary, stage by stage.
struct CompilerWork {
    var causes: Set<ObjectReference> = []
    var rereadsOptions = false
    var ingresses: Set<ObjectName> = []
    var hosts: Set<String> = []
    var emittedHosts: Set<String> = []
    /// Upstreams whose endpoints may have changed.
    var upstreams: Set<UpstreamKey> = []
}

// MARK: - Emission

extension Compiler {
    private var defaultBackend: UpstreamKey? {
        configuration.defaultBackendService.map { UpstreamKey(service: $0, port: nil, usesServiceAddress: false) }
    }

    /// Sections and endpoints of upstreams that are new, gone, named anew, or whose service changed.
    private func emitUpstreams(_ work: inout CompilerWork, into result: inout CompilationResult) {
        let dirty = upstreams.takeDirty()
        var released: Set<String> = []
        var claimed: Set<String> = []
        for key in dirty {
            let old = publishedNames[key]
            let new = upstreams.isUsed(key) ? upstreams.name(of: key) : nil
            if let new { claimed.insert(new) }
            if new == nil { noteEndpoints(of: key, nil) }
            guard old != new else { continue }
            if let old { released.insert(old) }
            publishedNames[key] = new
            for case .host(let host) in upstreams.users(of: key) { work.emittedHosts.insert(host) }
        }
        for name in released.subtracting(claimed).sorted() { removeUpstream(name, from: &result) }
        let pass = EndpointPass(state: state)
        for key in dirty.union(work.upstreams).sorted() where upstreams.isUsed(key) {
            let name = upstreams.name(of: key)
            let settings = UpstreamSettings(name: name, service: key.service, port: key.portText)
            publish(.upstream(settings), into: &result)
            let found = pass.live(key)
            publish(name, found, into: &result)
            noteEndpoints(of: key, pass.problem(of: key) == nil ? found : nil)
        }
    }

    /// Says of a service that nothing stands behind one of its ports.
    private func noteEndpoints(of key: UpstreamKey, _ found: LiveUpstream?) {
        let service = ObjectReference(kind: ObjectKind.service.rawValue, name: key.service)
        var diagnostics: [Diagnostic] = []
        if case .endpoints([]) = found {
            diagnostics.append(
                Diagnostic(
                    severity: .warning, object: service, line: 0, field: "",
                    reason: "there is no ready endpoint behind port \(key.port?.description ?? "number one")",
                    consequence: "requests are answered with 503"))
        }
        diagnosticTable.replace(service, .upstream(key), with: diagnostics)
    }

    private func emitHosts(_ work: CompilerWork, into result: inout CompilationResult) {
        for host in work.emittedHosts {
            if let routes = hosts[host] {
                let section = HostEmission.section(host, routes) { publishedNames[$0] ?? $0.plainName }
                publish(.virtualHost(section), into: &result)
            } else {
                remove(SectionName(kind: .virtualHost, name: host), from: &result)
            }
        }
    }

    private func emitGlobalSettings(into result: inout CompilationResult) {
        var settings = options.settings
        settings.defaultUpstream = defaultBackend.flatMap { publishedNames[$0] }
        publish(.globalSettings(settings), into: &result)
    }

    private func emitDiagnostics(into result: inout CompilationResult) {
        for object in diagnosticTable.takeTouched() {
            let found = diagnosticTable.diagnostics(of: object).map(located)
            guard found != publishedDiagnostics[object] ?? [] else { continue }
            publishedDiagnostics[object] = found.isEmpty ? nil : found
            result.changedDiagnostics[object] = found
        }
    }

    private func publish(_ section: Section, into result: inout CompilationResult) {
        let name = section.name
        guard sections[name] != section else { return }
        sections[name] = section
        result.changedSections.append(section)
    }

    private func remove(_ name: SectionName, from result: inout CompilationResult) {
        if sections.removeValue(forKey: name) != nil { result.removedSections.append(name) }
    }

    private func publish(_ name: String, _ state: LiveUpstream, into result: inout CompilationResult) {
        guard live[name] != state else { return }
        let old = live.updateValue(state, forKey: name)
        switch (old, state) {
        case (.externalName, .endpoints): result.removedExternalNames.append(name)
        case (.endpoints, .externalName): result.removedEndpointSets.append(name)
        default: break
        }
        append(name, state, to: &result)
    }

    private func append(_ name: String, _ state: LiveUpstream, to result: inout CompilationResult) {
        switch state {
        case .endpoints(let endpoints):
            result.changedEndpointSets.append(EndpointSet(upstream: name, endpoints: endpoints))
        case .externalName(let hostname, let port):
            result.changedExternalNames.append(ExternalNameTarget(upstream: name, hostname: hostname, port: port))
        }
    }

    private func removeUpstream(_ name: String, from result: inout CompilationResult) {
        remove(SectionName(kind: .upstream, name: name), from: &result)
        switch live.removeValue(forKey: name) {
        case .endpoints: result.removedEndpointSets.append(name)
        case .externalName: result.removedExternalNames.append(name)
        case nil: break
        }
    }

    /// Diagnostics are kept with lines that count from the start of their document, which may move.
    private func located(_ diagnostic: Diagnostic) -> Diagnostic {
        guard let object = diagnostic.object else { return diagnostic }
        let origin =
            switch ObjectKind(rawValue: object.kind) {
            case .ingress: state.ingresses[object.name]?.metadata.origin
            case .configMap: state.configMaps[object.name]?.metadata.origin
            case .service: state.services[object.name]?.metadata.origin
            default: nil as Origin?
            }
        var located = diagnostic
        located.file = origin?.file
        located.line = origin.map { Int($0.line) + (diagnostic.line ?? 0) }
        return located
    }
}
