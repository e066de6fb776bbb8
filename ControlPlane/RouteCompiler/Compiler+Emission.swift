import ClusterState
import PorticoModel

/// The last stages: what the plans and hosts mean for sections, live state and diagnostics.
extension Compiler {
    var defaultBackend: UpstreamKey? {
        configuration.defaultBackendService.map { UpstreamKey(service: $0, port: nil, usesServiceAddress: false) }
    }

    /// Sections and endpoints of upstreams that are new, gone, named anew, or whose service changed.
    func emitUpstreams(_ work: inout CompilerWork, into result: inout CompilationResult) {
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
        let pass = endpointPass
        for key in dirty.union(work.upstreams).sorted() where upstreams.isUsed(key) {
            let name = upstreams.name(of: key)
            let settings = UpstreamSettings(
                name: name, service: key.service, port: key.portText, usesServiceAddress: key.usesServiceAddress,
                isUDP: key.isUDP)
            publish(.upstream(settings), into: &result)
            let found = pass.live(key)
            publish(name, found, into: &result)
            noteEndpoints(of: key, pass.problem(of: key) == nil ? found : nil)
        }
        for name in work.retained.sorted() { publishRetained(name, pass, into: &result) }
    }

    /// Says of a service that nothing stands behind one of its ports.
    private func noteEndpoints(of key: UpstreamKey, _ found: LiveUpstream?) {
        guard !key.isExternal else { return }
        let service = ObjectReference(kind: ObjectKind.service.rawValue, name: key.service)
        var diagnostics: [Diagnostic] = []
        if case .endpoints([]) = found {
            diagnostics.append(
                Diagnostic(
                    severity: .warning, kind: .backend, object: service, line: 0, field: "",
                    reason: "there is no ready endpoint behind port \(key.port?.description ?? "number one")",
                    consequence: "requests are answered with 503"))
        }
        diagnosticTable.replace(service, .upstream(key), with: diagnostics)
    }

    func emitHosts(_ work: CompilerWork, into result: inout CompilationResult) {
        for host in work.emittedHosts {
            if let routes = hosts[host] {
                var section = HostEmission.section(host, routes) { publishedNames[$0] ?? $0.plainName }
                section.tls = emittedTLS(host, routes) { publishedNames[$0] ?? $0.plainName }
                wantedObjects.set(Section.virtualHost(section).liveObjects, for: .host(host))
                publish(.virtualHost(section), into: &result)
            } else {
                wantedObjects.set([], for: .host(host))
                remove(SectionName(kind: .virtualHost, name: host), from: &result)
            }
        }
    }

    func emitGlobalSettings(into result: inout CompilationResult) {
        var settings = options.settings
        if let key = defaultBackend { settings.defaultUpstream = defaultUpstream(key) }
        if let certificate = configuration.defaultCertificate {
            settings.tls.defaultCertificate = certificate.description
        }
        noteDefaultCertificate()
        noteTicketSeed()
        wantedObjects.set(Section.globalSettings(settings).liveObjects, for: .settings)
        publish(.globalSettings(settings), into: &result)
    }

    /// As in ingress-nginx, a default backend that is not there leaves unclaimed requests to the built-in answer, 404.
    private func defaultUpstream(_ key: UpstreamKey) -> String? {
        let service = ObjectReference(kind: ObjectKind.service.rawValue, name: key.service)
        let isThere = state.services[key.service] != nil
        let missing = Diagnostic(
            severity: .warning, kind: .backend, object: service, line: 0, field: "",
            reason: "there is no such Service, which --default-backend-service names",
            consequence: "requests that no route claims are answered with 404")
        diagnosticTable.replace(service, .object, with: isThere ? [] : [missing])
        return isThere ? publishedNames[key] : nil
    }

    func emitDiagnostics(into result: inout CompilationResult) {
        for object in diagnosticTable.takeTouched() {
            let found = diagnosticTable.diagnostics(of: object).map(located)
            guard found != publishedDiagnostics[object] ?? [] else { continue }
            publishedDiagnostics[object] = found.isEmpty ? nil : found
            result.changedDiagnostics[object] = found
        }
    }

    func publish(_ section: Section, into result: inout CompilationResult) {
        let name = section.name
        guard sections[name] != section else { return }
        sections[name] = section
        result.changedSections.append(section)
    }

    func remove(_ name: SectionName, from result: inout CompilationResult) {
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

    func append(_ name: String, _ state: LiveUpstream, to result: inout CompilationResult) {
        switch state {
        case .endpoints(let endpoints):
            result.changedEndpointSets.append(EndpointSet(upstream: name, endpoints: endpoints))
        case .externalName(let hostname, let port):
            result.changedExternalNames.append(ExternalNameTarget(upstream: name, hostname: hostname, port: port))
        }
    }

    private func removeUpstream(_ name: String, from result: inout CompilationResult) {
        remove(SectionName(kind: .upstream, name: name), from: &result)
        if retained[name] == nil {
            removeLive(name, from: &result)
        } else {
            publishRetained(name, endpointPass, into: &result)
        }
    }

    func removeLive(_ name: String, from result: inout CompilationResult) {
        switch live.removeValue(forKey: name) {
        case .endpoints: result.removedEndpointSets.append(name)
        case .externalName: result.removedExternalNames.append(name)
        case nil: break
        }
    }

    /// The live state of a retained upstream, unless the configuration has one of that name itself.
    func publishRetained(_ name: String, _ pass: EndpointPass, into result: inout CompilationResult) {
        guard let key = retained[name], !isConfigured(name) else { return }
        publish(name, pass.live(key), into: &result)
    }

    func isConfigured(_ upstream: String) -> Bool {
        sections[SectionName(kind: .upstream, name: upstream)] != nil
    }

    /// Diagnostics are kept with lines that count from the start of their document, which may move.
    private func located(_ diagnostic: Diagnostic) -> Diagnostic {
        guard let object = diagnostic.object else { return diagnostic }
        let origin =
            switch ObjectKind(rawValue: object.kind) {
            case .ingress: state.ingresses[object.name]?.metadata.origin
            case .ingressClass: state.ingressClasses[object.name]?.metadata.origin
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
