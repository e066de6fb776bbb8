import ClusterState
import KubernetesAPI
import PorticoModel

/// Who asks.
package struct APIUser: Hashable, Sendable {
    package var name: String
    package var groups: [String]

    package init(_ name: String, groups: [String] = []) {
        self.name = name
        self.groups = groups
    }
}

/// What is asked, as RBAC sees it.
struct AccessAttempt {
    var verb: String
    var resource: APIResource
    var subresource: String
    /// Empty for all namespaces.
    var namespace: String
    /// Empty where no single object is meant.
    var name: String

    private var resourceName: String { subresource.isEmpty ? resource.plural : "\(resource.plural)/\(subresource)" }

    /// The API server's words.
    func refusal(of user: APIUser) -> String {
        let object = name.isEmpty ? "" : " \"\(name)\""
        let scope = namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        return "\(resource.qualifiedName)\(object) is forbidden: User \"\(user.name)\" cannot \(verb) resource "
            + "\"\(resourceName)\" in API group \"\(resource.group)\" \(scope)"
    }

    func isAllowed(by rule: ObjectNode) -> Bool {
        rule.has(verb, in: "verbs") && rule.has(resource.group, in: "apiGroups")
            && rule.has(resourceName, in: "resources")
            && (rule["resourceNames"]?.list?.isEmpty ?? true || !name.isEmpty && rule.has(name, in: "resourceNames"))
    }
}

/// RBAC on the roles and bindings in the store. The group `system:masters` may do everything.
struct AccessRules {
    let store: ResourceStore

    func allow(_ user: APIUser, _ attempt: AccessAttempt) -> Bool {
        if user.groups.contains("system:masters") { return true }
        for binding in store.objects(of: ResourceTable.clusterRoleBindings)
        where isBound(user, binding.node) && grants(binding.node, "", attempt) { return true }
        guard !attempt.namespace.isEmpty else { return false }
        for binding in store.objects(of: ResourceTable.roleBindings)
        where binding.node.at("metadata", "namespace")?.string == attempt.namespace && isBound(user, binding.node)
            && grants(binding.node, attempt.namespace, attempt)
        { return true }
        return false
    }

    private func isBound(_ user: APIUser, _ binding: ObjectNode) -> Bool {
        (binding["subjects"]?.list ?? []).contains { subject in
            let name = subject["name"]?.string ?? ""
            switch subject["kind"]?.string {
            case "User": return name == user.name
            case "Group": return user.groups.contains(name)
            case "ServiceAccount":
                return "system:serviceaccount:\(subject["namespace"]?.string ?? ""):\(name)" == user.name
            default: return false
            }
        }
    }

    private func grants(_ binding: ObjectNode, _ namespace: String, _ attempt: AccessAttempt) -> Bool {
        let name = binding.at("roleRef", "name")?.string ?? ""
        let isCluster = binding.at("roleRef", "kind")?.string == "ClusterRole"
        let role =
            isCluster
            ? store[ResourceTable.clusterRoles, ObjectName(namespace: "", name: name)]
            : store[ResourceTable.roles, ObjectName(namespace: namespace, name: name)]
        return (role?.node["rules"]?.list ?? []).contains { attempt.isAllowed(by: $0) }
    }
}

extension ObjectNode {
    fileprivate func has(_ value: String, in key: String) -> Bool {
        (self[key]?.list ?? []).contains { $0.string == value || $0.string == "*" }
    }
}
