import ClusterState
import KubernetesAPI

extension KubernetesClient {
    /// Lets a user do something with a resource in all namespaces, by a ClusterRole of its own.
    /// - Parameter names: none for all objects.
    package func grant(
        _ user: String, _ verbs: [String], on resource: APIResource, named names: [String] = []
    ) async throws {
        let role = APIResource(
            group: "rbac.authorization.k8s.io", plural: "clusterroles", kind: "ClusterRole", isNamespaced: false)
        let binding = APIResource(
            group: "rbac.authorization.k8s.io", plural: "clusterrolebindings", kind: "ClusterRoleBinding",
            isNamespaced: false)
        let name = ObjectNode.text("\(user)-\(resource.plural)-\(verbs.joined(separator: "-"))")
        _ = try await create(
            role,
            [
                "apiVersion": .text(role.apiVersion), "kind": "ClusterRole", "metadata": ["name": name],
                "rules": [
                    [
                        "apiGroups": [.text(resource.group)], "resources": [.text(resource.plural)],
                        "verbs": .items(verbs.map { .text($0) }),
                        "resourceNames": .items(names.map { .text($0) }),
                    ]
                ],
            ])
        _ = try await create(
            binding,
            [
                "apiVersion": .text(role.apiVersion), "kind": "ClusterRoleBinding", "metadata": ["name": name],
                "subjects": [["kind": "User", "name": .text(user), "apiGroup": "rbac.authorization.k8s.io"]],
                "roleRef": ["kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"],
            ])
    }
}
