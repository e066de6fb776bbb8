import PorticoModel

/// `v1` Secret. It lives in memory only and never reaches a disk.
package struct Secret: Hashable, Sendable {
    package var metadata: ObjectMetadata
    package var type: String
    /// Decoded.
    package var data: [String: [UInt8]]

    package init(metadata: ObjectMetadata, type: String, data: [String: [UInt8]]) {
        self.metadata = metadata
        self.type = type
        self.data = data
    }
}

/// `v1` ConfigMap.
package struct ConfigMap: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var key: String
        package var value: String
        /// Lines after the first line of the document.
        package var line: Int32

        package init(key: String, value: String, line: Int32 = 0) {
            self.key = key
            self.value = value
            self.line = line
        }
    }

    package var metadata: ObjectMetadata
    /// In order of key.
    package var data: [Entry]

    package init(metadata: ObjectMetadata, data: [Entry]) {
        self.metadata = metadata
        self.data = data
    }
}

/// `v1` Namespace.
package struct Namespace: Hashable, Sendable {
    package var metadata: ObjectMetadata

    package init(metadata: ObjectMetadata) {
        self.metadata = metadata
    }
}

/// An object of one of the kinds that Portico reads. Copies share it: tables of many have room for a reference only.
package indirect enum KubernetesObject: Hashable, Sendable {
    case ingress(Ingress)
    case ingressClass(IngressClass)
    case service(Service)
    case endpointSlice(EndpointSlice)
    case endpoints(Endpoints)
    case secret(Secret)
    case configMap(ConfigMap)
    case namespace(Namespace)

    package var metadata: ObjectMetadata {
        get {
            switch self {
            case .ingress(let object): object.metadata
            case .ingressClass(let object): object.metadata
            case .service(let object): object.metadata
            case .endpointSlice(let object): object.metadata
            case .endpoints(let object): object.metadata
            case .secret(let object): object.metadata
            case .configMap(let object): object.metadata
            case .namespace(let object): object.metadata
            }
        }
        set {
            switch self {
            case .ingress(var object):
                object.metadata = newValue
                self = .ingress(object)
            case .ingressClass(var object):
                object.metadata = newValue
                self = .ingressClass(object)
            case .service(var object):
                object.metadata = newValue
                self = .service(object)
            case .endpointSlice(var object):
                object.metadata = newValue
                self = .endpointSlice(object)
            case .endpoints(var object):
                object.metadata = newValue
                self = .endpoints(object)
            case .secret(var object):
                object.metadata = newValue
                self = .secret(object)
            case .configMap(var object):
                object.metadata = newValue
                self = .configMap(object)
            case .namespace(var object):
                object.metadata = newValue
                self = .namespace(object)
            }
        }
    }

    package var kind: ObjectKind {
        switch self {
        case .ingress: .ingress
        case .ingressClass: .ingressClass
        case .service: .service
        case .endpointSlice: .endpointSlice
        case .endpoints: .endpoints
        case .secret: .secret
        case .configMap: .configMap
        case .namespace: .namespace
        }
    }

    package var reference: ObjectReference { ObjectReference(kind: kind.rawValue, name: metadata.name) }
}

/// The kinds that Portico reads.
package enum ObjectKind: String, Hashable, Sendable, CaseIterable {
    case ingress = "Ingress"
    case ingressClass = "IngressClass"
    case service = "Service"
    case endpointSlice = "EndpointSlice"
    case endpoints = "Endpoints"
    case secret = "Secret"
    case configMap = "ConfigMap"
    case namespace = "Namespace"

    package var apiVersion: String {
        switch self {
        case .ingress, .ingressClass: "networking.k8s.io/v1"
        case .endpointSlice: "discovery.k8s.io/v1"
        case .service, .endpoints, .secret, .configMap, .namespace: "v1"
        }
    }

    package var isNamespaced: Bool { self != .ingressClass && self != .namespace }
}

/// One change of the cluster's, or the folder's, objects.
package enum ObjectChange: Hashable, Sendable {
    /// The object is new, changed, or stands in another place.
    case upsert(KubernetesObject)
    case delete(ObjectReference)

    package var reference: ObjectReference {
        switch self {
        case .upsert(let object): object.reference
        case .delete(let reference): reference
        }
    }
}
