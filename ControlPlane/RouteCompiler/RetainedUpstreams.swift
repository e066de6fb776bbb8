import ClusterState
import PorticoModel

/// Upstreams of an older configuration whose endpoints are still wanted, by the names that they have there.
struct RetainedUpstreams {
    private var keys: [String: UpstreamKey] = [:]
    private var namesOfService: [ObjectName: Set<String>] = [:]

    init(_ settings: [UpstreamSettings] = []) {
        for upstream in settings {
            keys[upstream.name] = UpstreamKey(upstream)
            namesOfService[upstream.service, default: []].insert(upstream.name)
        }
    }

    var names: Dictionary<String, UpstreamKey>.Keys { keys.keys }

    subscript(name: String) -> UpstreamKey? { keys[name] }

    func names(of service: ObjectName) -> Set<String> { namesOfService[service] ?? [] }
}

extension UpstreamKey {
    /// What a section of an upstream was made from.
    fileprivate init(_ settings: UpstreamSettings) {
        service = settings.service
        usesServiceAddress = settings.usesServiceAddress
        isUDP = settings.isUDP
        if settings.port.isEmpty {
            port = nil
        } else {
            port = UInt16(settings.port).map { .number($0) } ?? .name(settings.port)
        }
    }
}
