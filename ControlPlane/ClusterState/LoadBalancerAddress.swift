import PorticoModel

/// One entry of `status.loadBalancer.ingress`: where clients reach the data plane.
package struct LoadBalancerAddress: Hashable, Comparable, Sendable {
    package struct Port: Hashable, Comparable, Sendable {
        package var number: UInt16
        /// `TCP`, `UDP` or `SCTP`.
        package var transport: String

        package init(number: UInt16, transport: String) {
            self.number = number
            self.transport = transport
        }

        package static func < (left: Port, right: Port) -> Bool {
            (left.number, left.transport) < (right.number, right.transport)
        }
    }

    /// Empty where there is a host name instead.
    package var ip: String
    package var hostname: String
    /// In order.
    package var ports: [Port]

    package init(ip: String = "", hostname: String = "", ports: [Port] = []) {
        self.ip = ip
        self.hostname = hostname
        self.ports = ports
    }

    /// An address where the text is one, else a host name.
    package init(text: String) {
        if IPAddress(text) != nil { self.init(ip: text) } else { self.init(hostname: text) }
    }

    package static func < (left: LoadBalancerAddress, right: LoadBalancerAddress) -> Bool {
        (left.hostname, left.ip) != (right.hostname, right.ip)
            ? (left.hostname, left.ip) < (right.hostname, right.ip)
            : left.ports.lexicographicallyPrecedes(right.ports)
    }

    /// What the `status` of an Ingress or a Service says; entries without an address say nothing.
    package static func list(in status: ObjectNode?) -> [LoadBalancerAddress] {
        guard let entries = status?["loadBalancer"]?["ingress"]?.list else { return [] }
        return entries.compactMap { entry in
            let ip = entry["ip"]?.string ?? ""
            let hostname = entry["hostname"]?.string ?? ""
            guard !ip.isEmpty || !hostname.isEmpty else { return nil }
            return LoadBalancerAddress(
                ip: ip, hostname: hostname, ports: (entry["ports"]?.list ?? []).compactMap(port).sorted())
        }
    }

    private static func port(_ node: ObjectNode) -> Port? {
        guard case .number(let text) = node["port"]?.content, let number = UInt16(text) else { return nil }
        return Port(number: number, transport: node["protocol"]?.string ?? "TCP")
    }
}
