import ClusterState
import PorticoModel

/// TCP and UDP services: ConfigMap entries to sections.
extension Compiler {
    /// Reads the entries again, and says which upstreams they use.
    func replanStreams() {
        var planned: [StreamService.Port: StreamEntry] = [:]
        for (transport, name) in streamConfigMaps {
            let configMap = state.configMaps[name]
            var found: [Diagnostic] = []
            for entry in configMap?.data ?? [] {
                do throws(StreamEntry.Fault) {
                    let stream = try StreamEntry(key: entry.key, value: entry.value, transport: transport)
                    if configuration.reservedPorts.contains(stream.port.number), transport == .tcp {
                        throw StreamEntry.Fault("the port serves HTTP already")
                    }
                    planned[stream.port] = stream
                    if let problem = endpointPass.problem(of: UpstreamKey(stream)) {
                        found.append(streamDiagnostic(name, entry, .backend, problem, "connections are refused"))
                    }
                } catch {
                    found.append(streamDiagnostic(name, entry, .invalid, error.reason, "the entry is left out"))
                }
            }
            diagnosticTable.replace(
                ObjectReference(kind: ObjectKind.configMap.rawValue, name: name), .streams(transport), with: found)
        }
        for (port, old) in streams where planned[port].map({ UpstreamKey($0) }) != UpstreamKey(old) {
            upstreams.move(.stream(port), from: [UpstreamKey(old)], to: [])
        }
        for (port, new) in planned { upstreams.move(.stream(port), from: [], to: [UpstreamKey(new)]) }
        streams = planned
    }

    /// Whether a change of this object may be one of a stream.
    func concernsStreams(_ reference: ObjectReference) -> Bool {
        switch ObjectKind(rawValue: reference.kind) {
        case .configMap: streamConfigMaps.contains { $0.name == reference.name }
        case .service: streams.values.contains { $0.service == reference.name }
        default: false
        }
    }

    func emitStreams(into result: inout CompilationResult) {
        for entry in streams.values {
            let key = UpstreamKey(entry)
            var service = StreamService(port: entry.port, upstream: publishedNames[key] ?? key.plainName)
            service.decodesProxyProtocol = entry.decodesProxyProtocol
            service.encodesProxyProtocol = entry.encodesProxyProtocol
            service.settings = options.stream
            publish(.stream(service), into: &result)
        }
        for name in publishedStreams.subtracting(streams.keys) {
            remove(SectionName(kind: .streamService, name: name.description), from: &result)
        }
        publishedStreams = Set(streams.keys)
    }

    private var streamConfigMaps: [(transport: StreamService.Transport, name: ObjectName)] {
        [(.tcp, configuration.tcpServices), (.udp, configuration.udpServices)].compactMap { transport, name in
            name.map { (transport, $0) }
        }
    }

    private func streamDiagnostic(
        _ name: ObjectName, _ entry: ConfigMap.Entry, _ kind: Diagnostic.Kind, _ reason: String, _ consequence: String
    ) -> Diagnostic {
        Diagnostic(
            severity: .warning, kind: kind, object: ObjectReference(kind: ObjectKind.configMap.rawValue, name: name),
            line: Int(entry.line), field: "data[\(entry.key)]", reason: reason, consequence: consequence)
    }
}

extension UpstreamKey {
    init(_ entry: StreamEntry) {
        self.init(
            service: entry.service, port: entry.servicePort, usesServiceAddress: false,
            isUDP: entry.port.transport == .udp)
    }
}
