import PorticoModel

/// `v1` Service.
package struct Service: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case clusterIP = "ClusterIP"
        case nodePort = "NodePort"
        case loadBalancer = "LoadBalancer"
        case externalName = "ExternalName"
    }

    package struct Port: Hashable, Sendable {
        /// Empty where the port has no name.
        package var name: String
        package var port: UInt16
        package var targetPort: PortReference
        package var isTCP: Bool

        package init(name: String = "", port: UInt16, targetPort: PortReference? = nil, isTCP: Bool = true) {
            self.name = name
            self.port = port
            self.targetPort = targetPort ?? .number(port)
            self.isTCP = isTCP
        }
    }

    package var metadata: ObjectMetadata
    package var kind: Kind
    /// The addresses of the service itself; none for a headless one.
    package var clusterIPs: [IPAddress]
    package var isHeadless: Bool
    /// For `externalName` only.
    package var externalName: String
    package var ports: [Port]

    package init(
        metadata: ObjectMetadata, kind: Kind = .clusterIP, clusterIPs: [IPAddress] = [], isHeadless: Bool = false,
        externalName: String = "", ports: [Port] = []
    ) {
        self.metadata = metadata
        self.kind = kind
        self.clusterIPs = clusterIPs
        self.isHeadless = isHeadless
        self.externalName = externalName
        self.ports = ports
    }

    /// The port of a transport that a reference means: by its number or name, else, as ingress-nginx has it, by its target
    /// port.
    package func port(_ reference: PortReference, isTCP: Bool = true) -> Port? {
        let named = ports.first { port in
            switch reference {
            case .number(let number): port.isTCP == isTCP && port.port == number
            case .name(let name): port.isTCP == isTCP && port.name == name
            }
        }
        return named ?? ports.first { $0.isTCP == isTCP && $0.targetPort == reference }
    }
}

/// A port on which endpoints listen.
package struct EndpointPort: Hashable, Sendable {
    /// The name of the service's port; empty where that has none.
    package var name: String
    /// Nil leaves the number to the service's target port.
    package var number: UInt16?
    package var isTCP: Bool

    package init(name: String = "", number: UInt16?, isTCP: Bool = true) {
        self.name = name
        self.number = number
        self.isTCP = isTCP
    }
}

/// `discovery.k8s.io/v1` EndpointSlice.
package struct EndpointSlice: Hashable, Sendable {
    /// One address of an endpoint and the conditions of that endpoint.
    package struct Address: Hashable, Sendable {
        package var address: IPAddress
        package var isReady: Bool
        package var isServing: Bool
        package var isTerminating: Bool

        package init(
            address: IPAddress, isReady: Bool = true, isServing: Bool = true, isTerminating: Bool = false
        ) {
            self.address = address
            self.isReady = isReady
            self.isServing = isServing
            self.isTerminating = isTerminating
        }
    }

    package var metadata: ObjectMetadata
    /// The service it belongs to, from the label `kubernetes.io/service-name`; empty where it belongs to none.
    package var serviceName: String
    package var addresses: [Address]
    package var ports: [EndpointPort]

    package init(metadata: ObjectMetadata, serviceName: String, addresses: [Address], ports: [EndpointPort]) {
        self.metadata = metadata
        self.serviceName = serviceName
        self.addresses = addresses
        self.ports = ports
    }
}

/// `v1` Endpoints: what EndpointSlices replaced. It bears the name of its service.
package struct Endpoints: Hashable, Sendable {
    package struct Subset: Hashable, Sendable {
        /// Ready ones only.
        package var addresses: [IPAddress]
        package var ports: [EndpointPort]

        package init(addresses: [IPAddress], ports: [EndpointPort]) {
            self.addresses = addresses
            self.ports = ports
        }
    }

    package var metadata: ObjectMetadata
    package var subsets: [Subset]

    package init(metadata: ObjectMetadata, subsets: [Subset]) {
        self.metadata = metadata
        self.subsets = subsets
    }
}
