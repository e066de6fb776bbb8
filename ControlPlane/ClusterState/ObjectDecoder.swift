import PorticoModel

/// What a document's node turned out to be.
package enum DecodedObject: Sendable {
    case object(KubernetesObject)
    /// An object of a kind that Portico reads, which the API server would refuse. The reference is nil where not even
    /// its name could be read.
    case invalid(ObjectReference?, [Diagnostic])
    /// An object of another kind.
    case ignored
}

/// Decodes and validates objects as the API server does: one fault makes the object invalid, unknown fields do not.
package enum ObjectDecoder {
    package static func decode(_ node: ObjectNode, origin: Origin? = nil) -> DecodedObject {
        let reader = FieldReader(origin: origin)
        guard node.fields != nil else {
            reader.refuse(node, "", "an object must be a map, not \(node.kindName)")
            return .invalid(nil, reader.diagnostics)
        }
        guard let kindName = reader.requiredString(node, "kind", "") else {
            return .invalid(nil, reader.diagnostics)
        }
        let version = reader.requiredString(node, "apiVersion", "")
        guard let kind = ObjectKind(rawValue: kindName) else { return .ignored }
        guard let version else { return .invalid(nil, reader.diagnostics) }
        guard version == kind.apiVersion else { return otherVersion(node, kind, version, reader) }
        guard let metadata = decodeMetadata(node, kind, reader) else { return .invalid(nil, reader.diagnostics) }
        let object = decode(node, kind, metadata, reader)
        guard reader.diagnostics.isEmpty else { return .invalid(reader.reference, reader.diagnostics) }
        return .object(object)
    }

    /// A kind of another group may share its name with one of ours (a Knative `Service`); an old version of ours
    /// (`extensions/v1beta1` Ingress) is worth a word.
    private static func otherVersion(
        _ node: ObjectNode, _ kind: ObjectKind, _ version: String, _ reader: FieldReader
    ) -> DecodedObject {
        let retired = ["extensions/v1beta1", "networking.k8s.io/v1beta1", "discovery.k8s.io/v1beta1"]
        guard retired.contains(version) else { return .ignored }
        _ = decodeMetadata(node, kind, reader)
        reader.refuse(
            node["apiVersion"], "apiVersion", "\(version) is no longer served by Kubernetes; write \(kind.apiVersion)")
        return .invalid(reader.reference, reader.diagnostics)
    }

    private static func decode(
        _ node: ObjectNode, _ kind: ObjectKind, _ metadata: ObjectMetadata, _ reader: FieldReader
    ) -> KubernetesObject {
        switch kind {
        case .ingress: .ingress(IngressDecoder.decode(node, metadata, reader))
        case .ingressClass: .ingressClass(IngressDecoder.decodeClass(node, metadata, reader))
        case .service: .service(ServiceDecoder.decode(node, metadata, reader))
        case .endpointSlice: .endpointSlice(EndpointsDecoder.decodeSlice(node, metadata, reader))
        case .endpoints: .endpoints(EndpointsDecoder.decode(node, metadata, reader))
        case .secret: .secret(DataDecoder.decodeSecret(node, metadata, reader))
        case .configMap: .configMap(DataDecoder.decodeConfigMap(node, metadata, reader))
        case .namespace: .namespace(Namespace(metadata: metadata))
        }
    }
}
