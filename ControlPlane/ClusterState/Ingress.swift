import PorticoModel

/// A port of a Service, by number or by name.
package enum PortReference: Hashable, Sendable, CustomStringConvertible {
    case number(UInt16)
    case name(String)

    package var description: String {
        switch self {
        case .number(let number): String(number)
        case .name(let name): name
        }
    }
}

/// Where an Ingress sends requests.
package enum IngressBackend: Hashable, Sendable {
    case service(name: String, port: PortReference)
    /// An object of another API group, which Portico has no use for.
    case resource(kind: String, name: String)
}

/// `networking.k8s.io/v1` Ingress.
package struct Ingress: Hashable, Sendable {
    package enum PathType: String, Hashable, Sendable {
        case exact = "Exact"
        case prefix = "Prefix"
        case implementationSpecific = "ImplementationSpecific"
    }

    package struct Path: Hashable, Sendable {
        /// Empty or starting with `/`; empty only for `implementationSpecific`.
        package var path: String
        package var type: PathType
        package var backend: IngressBackend
        /// Lines after the first line of the document.
        package var line: Int32

        package init(path: String, type: PathType, backend: IngressBackend, line: Int32 = 0) {
            self.path = path
            self.type = type
            self.backend = backend
            self.line = line
        }
    }

    package struct Rule: Hashable, Sendable {
        /// Empty for every host.
        package var host: String
        /// Empty where the rule has no `http`.
        package var paths: [Path]
        package var line: Int32

        package init(host: String, paths: [Path], line: Int32 = 0) {
            self.host = host
            self.paths = paths
            self.line = line
        }
    }

    package struct TLS: Hashable, Sendable {
        package var hosts: [String]
        package var secretName: String?

        package init(hosts: [String], secretName: String?) {
            self.hosts = hosts
            self.secretName = secretName
        }
    }

    package var metadata: ObjectMetadata
    package var className: String?
    package var defaultBackend: IngressBackend?
    /// Lines after the first line of the document.
    package var classNameLine: Int32 = 0
    package var defaultBackendLine: Int32 = 0
    package var rules: [Rule]
    package var tls: [TLS]
    /// Tells this object from an earlier one of its name; empty where no API server has it.
    package var uid = ""
    /// What the status says at present.
    package var addresses: [LoadBalancerAddress] = []

    package init(
        metadata: ObjectMetadata, className: String? = nil, defaultBackend: IngressBackend? = nil, rules: [Rule] = [],
        tls: [TLS] = []
    ) {
        self.metadata = metadata
        self.className = className
        self.defaultBackend = defaultBackend
        self.rules = rules
        self.tls = tls
    }
}

/// `networking.k8s.io/v1` IngressClass.
package struct IngressClass: Hashable, Sendable {
    /// An object with settings of the class (`spec.parameters`).
    package struct Parameters: Hashable, Sendable {
        /// Empty for the core group.
        package var apiGroup: String
        package var kind: String
        package var name: String
        /// Nil for an object that has none.
        package var namespace: String?
        /// Lines after the first line of the document.
        package var line: Int32

        package init(apiGroup: String = "", kind: String, name: String, namespace: String? = nil, line: Int32 = 0) {
            self.apiGroup = apiGroup
            self.kind = kind
            self.name = name
            self.namespace = namespace
            self.line = line
        }
    }

    package var metadata: ObjectMetadata
    package var controller: String
    package var parameters: Parameters?

    package init(metadata: ObjectMetadata, controller: String, parameters: Parameters? = nil) {
        self.metadata = metadata
        self.controller = controller
        self.parameters = parameters
    }

    /// Ingresses that name no class belong to this one.
    package var isDefault: Bool {
        metadata.annotation("ingressclass.kubernetes.io/is-default-class")?.value == "true"
    }
}
