import ClusterState
import PorticoModel

/// Where an upstream's requests go at this moment.
enum LiveUpstream: Hashable, Sendable {
    case endpoints([Endpoint])
    case externalName(hostname: String, port: UInt16)
}

/// Finds the endpoints of upstreams.
struct EndpointPass {
    let state: ClusterState
    var refusesExternalNames = false

    private enum Target {
        case servicePort(Service.Port)
        /// A headless service without ports: the Ingress alone knows the number.
        case number(UInt16)
    }

    /// Why an upstream can never answer as things stand; nil where it could.
    func problem(of key: UpstreamKey) -> String? {
        if key.isExternal { return nil }
        guard let service = state.services[key.service] else { return "there is no Service \(key.service)" }
        if service.kind == .externalName {
            if refusesExternalNames {
                return "Service \(key.service) is of type ExternalName, which --disable-svc-external-name rules out"
            }
            return externalPort(service, key) == nil ? "Service \(key.service) has no port \(key.portText)" : nil
        }
        return target(service, key) == nil
            ? "Service \(key.service) has no \(key.isUDP ? "UDP" : "TCP") port \(key.portText)" : nil
    }

    func live(_ key: UpstreamKey) -> LiveUpstream {
        if key.isExternal, case .number(let port) = key.port {
            let name = key.service.name
            return IPAddress(name).map { .endpoints([Endpoint(address: $0, port: port)]) }
                ?? .externalName(hostname: name, port: port)
        }
        guard let service = state.services[key.service] else { return .endpoints([]) }
        if service.kind == .externalName { return external(service, key) }
        guard let target = target(service, key) else { return .endpoints([]) }
        if key.usesServiceAddress, !service.clusterIPs.isEmpty, case .servicePort(let port) = target {
            return .endpoints(service.clusterIPs.map { Endpoint(address: $0, port: port.port) }.sorted())
        }
        return .endpoints(endpoints(service, target))
    }

    // MARK: ExternalName

    private func external(_ service: Service, _ key: UpstreamKey) -> LiveUpstream {
        guard !refusesExternalNames, let port = externalPort(service, key) else { return .endpoints([]) }
        if let address = IPAddress(service.externalName) { return .endpoints([Endpoint(address: address, port: port)]) }
        return .externalName(hostname: service.externalName, port: port)
    }

    private func externalPort(_ service: Service, _ key: UpstreamKey) -> UInt16? {
        guard let reference = key.port else { return service.ports.first { $0.isTCP }.map(number) ?? 80 }
        if let port = service.port(reference, isTCP: !key.isUDP) { return number(port) }
        guard service.ports.isEmpty, case .number(let number) = reference else { return nil }
        return number
    }

    private func number(_ port: Service.Port) -> UInt16 {
        if case .number(let number) = port.targetPort { number } else { port.port }
    }

    // MARK: Services with endpoints

    private func target(_ service: Service, _ key: UpstreamKey) -> Target? {
        guard let reference = key.port else { return service.ports.first { $0.isTCP }.map { .servicePort($0) } }
        if let port = service.port(reference, isTCP: !key.isUDP) { return .servicePort(port) }
        guard service.isHeadless, service.ports.isEmpty, case .number(let number) = reference else { return nil }
        return .number(number)
    }

    private func endpoints(_ service: Service, _ target: Target) -> [Endpoint] {
        let slices = state.slices(of: service.metadata.name)
        var found = slices.isEmpty ? legacyEndpoints(service, target) : sliceEndpoints(slices, service, target)
        found.sort()
        var unique: [Endpoint] = []
        unique.reserveCapacity(found.count)
        for endpoint in found where endpoint != unique.last { unique.append(endpoint) }
        return unique
    }

    /// Ready endpoints; where there is none, those that still serve while they terminate.
    private func sliceEndpoints(_ slices: CompactSet<ObjectName>, _ service: Service, _ target: Target) -> [Endpoint] {
        var ready: [Endpoint] = []
        var terminating: [Endpoint] = []
        for name in slices {
            guard let slice = state.endpointSlices[name], let port = portNumber(slice.ports, service, target) else {
                continue
            }
            for address in slice.addresses {
                if address.isReady {
                    ready.append(Endpoint(address: address.address, port: port))
                } else if address.isServing, address.isTerminating {
                    terminating.append(Endpoint(address: address.address, port: port))
                }
            }
        }
        return ready.isEmpty ? terminating : ready
    }

    private func legacyEndpoints(_ service: Service, _ target: Target) -> [Endpoint] {
        guard let object = state.endpoints[service.metadata.name] else { return [] }
        return object.subsets.flatMap { subset -> [Endpoint] in
            guard let port = portNumber(subset.ports, service, target) else { return [] }
            return subset.addresses.map { Endpoint(address: $0, port: port) }
        }
    }

    /// The number behind a service's port: endpoints repeat the name of the service's port. What people write by hand
    /// may differ, so the target port's name, and an only port, are good enough.
    private func portNumber(_ ports: [EndpointPort], _ service: Service, _ target: Target) -> UInt16? {
        guard case .servicePort(let wanted) = target else {
            if case .number(let number) = target { return number }
            return nil
        }
        let candidates = ports.filter { $0.isTCP == wanted.isTCP }
        var match = candidates.first { $0.name == wanted.name }
        if match == nil, case .name(let name) = wanted.targetPort { match = candidates.first { $0.name == name } }
        if match == nil {
            match = candidates.first { $0.name.isEmpty && $0.number.map { .number($0) } == wanted.targetPort }
        }
        if match == nil, wanted.name.isEmpty, candidates.count == 1 { match = candidates.first }
        guard let match else { return nil }
        if let number = match.number { return number }
        if case .number(let number) = wanted.targetPort { return number }
        return nil
    }
}
