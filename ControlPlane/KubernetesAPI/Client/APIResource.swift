/// A kind of object as the API server's addresses name it.
package struct APIResource: Hashable, Sendable {
    /// Empty for the core group.
    package var group: String
    package var version: String
    /// As `ingresses`.
    package var plural: String
    package var kind: String
    package var isNamespaced: Bool

    package init(group: String = "", version: String = "v1", plural: String, kind: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// As the API server's messages and RBAC name it: `ingresses.networking.k8s.io`.
    package var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// - Parameters:
    ///   - namespace: empty for all namespaces, or where the resource has none.
    ///   - name: empty for the collection.
    package func path(namespace: String = "", name: String = "", subresource: String = "") -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, !namespace.isEmpty { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if !name.isEmpty { path += "/\(name)" }
        if !subresource.isEmpty { path += "/\(subresource)" }
        return path
    }
}

extension APIResource {
    package static let ingresses = APIResource(group: "networking.k8s.io", plural: "ingresses", kind: "Ingress")
    package static let ingressClasses = APIResource(
        group: "networking.k8s.io", plural: "ingressclasses", kind: "IngressClass", isNamespaced: false)
    package static let services = APIResource(plural: "services", kind: "Service")
    package static let endpointSlices = APIResource(
        group: "discovery.k8s.io", plural: "endpointslices", kind: "EndpointSlice")
    package static let secrets = APIResource(plural: "secrets", kind: "Secret")
    package static let configMaps = APIResource(plural: "configmaps", kind: "ConfigMap")
    package static let namespaces = APIResource(plural: "namespaces", kind: "Namespace", isNamespaced: false)
    package static let nodes = APIResource(plural: "nodes", kind: "Node", isNamespaced: false)
    package static let pods = APIResource(plural: "pods", kind: "Pod")
    package static let leases = APIResource(group: "coordination.k8s.io", plural: "leases", kind: "Lease")
    package static let events = APIResource(plural: "events", kind: "Event")
    package static let tokenReviews = APIResource(
        group: "authentication.k8s.io", plural: "tokenreviews", kind: "TokenReview", isNamespaced: false)
}
