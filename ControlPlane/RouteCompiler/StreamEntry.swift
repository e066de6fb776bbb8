import ClusterState
import PorticoModel

/// One entry of the ConfigMap of TCP or UDP services, as ingress-nginx writes them:
/// `"9000": "namespace/service:port[:PROXY][:PROXY]"`. The first PROXY decodes the header of a client's connection, the
/// second encodes one for the endpoint; either may be empty.
struct StreamEntry: Hashable {
    var port: StreamService.Port
    var service: ObjectName
    var servicePort: PortReference
    var decodesProxyProtocol = false
    var encodesProxyProtocol = false

    struct Fault: Error, Hashable {
        var reason: String

        init(_ reason: String) { self.reason = reason }
    }

    init(key: String, value: String, transport: StreamService.Transport) throws(Fault) {
        guard let number = UInt16(key), number > 0, String(number) == key else {
            throw Fault("the key must be a port from 1 to 65535, not '\(key)'")
        }
        port = StreamService.Port(transport, number)
        let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...4).contains(parts.count) else {
            throw Fault("must be 'namespace/service:port', with up to two ':PROXY' behind, not '\(value)'")
        }
        service = try StreamEntry.serviceName(parts[0])
        servicePort = try StreamEntry.portReference(parts[1])
        let words = parts.dropFirst(2).map { $0.uppercased() }
        guard words.allSatisfy({ $0.isEmpty || $0 == "PROXY" }) else {
            throw Fault("behind the port only 'PROXY' may stand, not '\(value)'")
        }
        guard transport == .tcp || words.isEmpty else { throw Fault("UDP services have no PROXY protocol") }
        decodesProxyProtocol = words.first == "PROXY"
        encodesProxyProtocol = words.count == 2 && words[1] == "PROXY"
    }

    private static func serviceName(_ text: String) throws(Fault) -> ObjectName {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw Fault("the service must be 'namespace/name', not '\(text)'") }
        if let fault = NameSyntax.labelFault(parts[0]) { throw Fault("the namespace '\(parts[0])' \(fault)") }
        if let fault = NameSyntax.labelFault(parts[1]) { throw Fault("the service '\(parts[1])' \(fault)") }
        return ObjectName(namespace: parts[0], name: parts[1])
    }

    private static func portReference(_ text: String) throws(Fault) -> PortReference {
        if let number = UInt16(text), number > 0 { return .number(number) }
        if let fault = NameSyntax.portNameFault(text) { throw Fault("the service's port '\(text)' \(fault)") }
        return .name(text)
    }
}
