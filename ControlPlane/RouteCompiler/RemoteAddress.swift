import ClusterState
import IngressAnnotations
import PorticoModel

/// Finds the upstream behind a URL that an annotation names.
struct RemoteAddress {
    let endpoints: EndpointPass

    struct Resolution {
        /// Without the upstream's name.
        var target: RemoteTarget
        /// Nil: the gateway itself.
        var upstream: UpstreamKey?
        /// The Service that the host would be, whether there is one or not.
        var service: ObjectName?
    }

    /// - Parameter keepsPort: whether the Host header names a port that is not the scheme's own.
    func resolve(_ address: WebAddress, keepsPort: Bool = true) -> Resolution {
        var target = RemoteTarget()
        target.usesTLS = address.usesTLS
        target.requestTarget = address.target
        guard !address.namesVariable else { return Resolution(target: target) }
        target.host = keepsPort ? address.authority : address.host
        let port = PortReference.number(address.port)
        guard let service = RemoteAddress.service(of: address.host) else {
            return Resolution(target: target, upstream: .external(host: address.host, port: port))
        }
        let key = UpstreamKey(service: service, port: port, usesServiceAddress: false)
        let isKnown = endpoints.problem(of: key) == nil
        return Resolution(
            target: target, upstream: isKnown ? key : .external(host: address.host, port: port), service: service)
    }

    /// `name.namespace.svc` and what may follow it is the name of a Service within the cluster.
    static func service(of host: String) -> ObjectName? {
        let labels = host.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard labels.count >= 3, labels[2] == "svc", !labels[0].isEmpty, !labels[1].isEmpty else { return nil }
        let rest = labels[3...].drop { $0.isEmpty }
        guard rest.isEmpty || rest.starts(with: ["cluster", "local"]) else { return nil }
        return ObjectName(namespace: labels[1], name: labels[0])
    }
}
