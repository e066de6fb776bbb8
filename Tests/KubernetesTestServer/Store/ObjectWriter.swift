import ClusterState
import FoundationEssentials
import KubernetesAPI
import PorticoModel

/// What the API server does with an object before it is stored.
struct ObjectWriter {
    let resource: APIResource
    let namespace: String
    let refusesLoopbackEndpoints: Bool

    func create(_ body: ObjectNode, in store: inout ResourceStore) throws(Refusal) -> StoredObject {
        var node = body
        if let prefix = node.at("metadata", "generateName")?.string, node.at("metadata", "name") == nil {
            node.set("metadata", "name", to: .text(prefix + ObjectWriter.suffix()))
        }
        guard let name = node.at("metadata", "name")?.string, !name.isEmpty else {
            throw .invalid(resource.kind, "", "metadata.name: Required value: name or generateName is required")
        }
        try checkNamespace(of: node, store)
        let key = ObjectName(namespace: namespace, name: name)
        if store[resource, key] != nil {
            throw Refusal(409, "AlreadyExists", "\(resource.qualifiedName) \"\(name)\" already exists")
        }
        node.set("apiVersion", to: .text(resource.apiVersion))
        node.set("kind", to: .text(resource.kind))
        if resource.isNamespaced { node.set("metadata", "namespace", to: .text(namespace)) }
        node.set("metadata", "uid", to: .text(UUID().uuidString.lowercased()))
        node.set("metadata", "creationTimestamp", to: .text(Date().formatted(.iso8601)))
        if ResourceTable.withStatus.contains(resource.plural), resource != .nodes, resource != .pods,
            resource != .services
        {
            node.set("status", to: [:])
        }
        try validate(node, name)
        return store.put(node, resource, key)
    }

    /// - Parameter subresource: empty, or `status`.
    func replace(
        _ body: ObjectNode, name: String, subresource: String, in store: inout ResourceStore
    ) throws(Refusal) -> StoredObject {
        let key = ObjectName(namespace: namespace, name: name)
        guard let old = store[resource, key] else { throw .notFound(resource, name) }
        let version = body.resourceVersion
        if version.isEmpty, ResourceTable.withoutBlindUpdate.contains(resource.plural) {
            throw .invalid(
                resource.qualifiedName, name,
                "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update")
        }
        if !version.isEmpty, version != "\(old.version)" { throw .conflict(resource, name) }
        if let uid = body.at("metadata", "uid")?.string, !uid.isEmpty, uid != old.node.at("metadata", "uid")?.string {
            throw .conflict(resource, name)
        }
        var node = body
        if subresource == "status" {
            node = old.node
            node.set("status", to: body["status"])
        } else if ResourceTable.withStatus.contains(resource.plural) {
            node.set("status", to: old.node["status"])
        }
        for field in ["uid", "creationTimestamp", "namespace", "name", "resourceVersion"] {
            node.set("metadata", field, to: old.node.at("metadata", field))
        }
        node.set("apiVersion", to: .text(resource.apiVersion))
        node.set("kind", to: .text(resource.kind))
        try validate(node, name)
        // What changes nothing makes no new version.
        guard !node.isSame(as: old.node) else { return old }
        return store.put(node, resource, key)
    }

    func patch(
        _ patch: ObjectNode, name: String, subresource: String, in store: inout ResourceStore
    ) throws(Refusal) -> StoredObject {
        guard let old = store[resource, ObjectName(namespace: namespace, name: name)] else {
            throw .notFound(resource, name)
        }
        return try replace(old.node.merging(patch), name: name, subresource: subresource, in: &store)
    }

    private func checkNamespace(of node: ObjectNode, _ store: ResourceStore) throws(Refusal) {
        guard resource.isNamespaced else { return }
        if let own = node.at("metadata", "namespace")?.string, own != namespace {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        guard store[.namespaces, ObjectName(namespace: "", name: namespace)] != nil else {
            throw .notFound(.namespaces, namespace)
        }
    }

    private func validate(_ node: ObjectNode, _ name: String) throws(Refusal) {
        guard refusesLoopbackEndpoints, resource == .endpointSlices else { return }
        for endpoint in node["endpoints"]?.list ?? [] {
            for address in endpoint["addresses"]?.list ?? [] where address.string?.hasPrefix("127.") == true {
                throw .invalid(
                    resource.kind, name,
                    "endpoints[0].addresses[0]: Invalid value: \"\(address.string ?? "")\": "
                        + "may not be in the loopback range (127.0.0.0/8, ::1/128)")
            }
        }
    }

    private static func suffix() -> String {
        String((0..<5).map { _ in "bcdfghjklmnpqrstvwxz2456789".randomElement() ?? "b" })
    }
}

extension ObjectNode {
    /// RFC 7396.
    func merging(_ patch: ObjectNode) -> ObjectNode {
        guard let changes = patch.fields else { return patch }
        var result = fields == nil ? [:] : self
        for field in changes {
            if case .null = field.value.content {
                result.set(field.key, to: nil)
            } else {
                result.set(field.key, to: (result[field.key] ?? .init(.null)).merging(field.value))
            }
        }
        return result
    }

    /// Whether they say the same, whatever the order of their keys and lines.
    func isSame(as other: ObjectNode) -> Bool {
        switch (content, other.content) {
        case (.map(let left), .map(let right)):
            return left.count == right.count
                && left.allSatisfy { field in
                    right.first { $0.key == field.key }.map { $0.value.isSame(as: field.value) } ?? false
                }
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        default: return content == other.content
        }
    }
}
