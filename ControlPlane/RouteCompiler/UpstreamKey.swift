import ClusterState
import PorticoModel

/// What an upstream is, apart from its name.
struct UpstreamKey: Hashable, Comparable, Sendable {
    var service: ObjectName
    /// Nil for the first port: the controller-wide default backend.
    var port: PortReference?
    /// Sends to the service's own address rather than to its endpoints.
    var usesServiceAddress: Bool
    /// Datagrams go to other ports than connections.
    var isUDP = false

    var portText: String { port?.description ?? "" }

    /// A host outside the cluster, which no Service stands for: no namespace is empty.
    static func external(host: String, port: PortReference) -> UpstreamKey {
        UpstreamKey(service: ObjectName(namespace: "", name: host), port: port, usesServiceAddress: false)
    }

    var isExternal: Bool { service.namespace.isEmpty }

    /// The name that ingress-nginx gives it. Two upstreams may share it: `a-b/c` and `a/b-c`.
    var plainName: String {
        if isExternal { return "external-\(service.name)-\(portText)" }
        return port == nil
            ? "upstream-default-backend" : "\(isUDP ? "udp-" : "")\(service.namespace)-\(service.name)-\(portText)"
    }

    /// A name that no other upstream has: no Kubernetes name holds a tilde.
    var distinctName: String {
        "\(plainName)~\(service):\(portText)\(usesServiceAddress ? "~service" : "")\(isUDP ? "~udp" : "")"
    }

    private var order: (ObjectName, String, Int, Int) {
        (service, portText, port == nil ? 1 : 0, (usesServiceAddress ? 1 : 0) + (isUDP ? 2 : 0))
    }

    static func < (left: UpstreamKey, right: UpstreamKey) -> Bool { left.order < right.order }
}
