/// The settings of one upstream. Its endpoints are live state, addressed by its name.
package struct UpstreamSettings: Hashable, Sendable {
    /// `namespace-service-port`, as ingress-nginx names it in logs and metrics.
    package var name: String
    package var service: ObjectName
    /// The port's name or number as the Ingress wrote it.
    package var port: String
    /// Its endpoints are the service's own addresses (`service-upstream`). The control plane's to know: endpoints are live
    /// state.
    package var usesServiceAddress: Bool
    /// Of a UDP service.
    package var isUDP: Bool

    package init(
        name: String, service: ObjectName, port: String, usesServiceAddress: Bool = false, isUDP: Bool = false
    ) {
        self.name = name
        self.service = service
        self.port = port
        self.usesServiceAddress = usesServiceAddress
        self.isUDP = isUDP
    }
}

/// An IPv4 or IPv6 address in network byte order.
package struct IPAddress: Hashable, Comparable, Sendable {
    /// 4 or 16 bytes.
    package let bytes: [UInt8]

    /// - Returns: nil unless `bytes` holds 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.bytes.count != right.bytes.count
            ? left.bytes.count < right.bytes.count : left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// Where one replica of a service listens.
package struct Endpoint: Hashable, Comparable, Sendable {
    package var address: IPAddress
    package var port: UInt16

    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    package static func < (left: Endpoint, right: Endpoint) -> Bool {
        left.address != right.address ? left.address < right.address : left.port < right.port
    }
}

/// The endpoints of one upstream at this moment: live state, sorted and without duplicates.
package struct EndpointSet: Hashable, Sendable {
    package var upstream: String
    package var endpoints: [Endpoint]

    package init(upstream: String, endpoints: [Endpoint]) {
        self.upstream = upstream
        self.endpoints = endpoints
    }
}
