import KubernetesAPI

/// What the server knows of the resources that it serves.
enum ResourceTable {
    static let all: [APIResource] = [
        .ingresses, .ingressClasses, .services, .endpointSlices, .secrets, .configMaps, .namespaces, .nodes, .pods,
        .leases, .events, .tokenReviews,
        APIResource(plural: "endpoints", kind: "Endpoints"),
        APIResource(plural: "serviceaccounts", kind: "ServiceAccount"),
        APIResource(group: "events.k8s.io", plural: "events", kind: "Event"),
        APIResource(group: "apps", plural: "deployments", kind: "Deployment"),
        APIResource(group: "apps", plural: "daemonsets", kind: "DaemonSet"),
        APIResource(group: "policy", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget"),
        APIResource(group: "batch", plural: "jobs", kind: "Job"),
        APIResource(group: rbac, plural: "roles", kind: "Role"),
        APIResource(group: rbac, plural: "rolebindings", kind: "RoleBinding"),
        APIResource(group: rbac, plural: "clusterroles", kind: "ClusterRole", isNamespaced: false),
        APIResource(group: rbac, plural: "clusterrolebindings", kind: "ClusterRoleBinding", isNamespaced: false),
        APIResource(
            group: "admissionregistration.k8s.io", plural: "validatingwebhookconfigurations",
            kind: "ValidatingWebhookConfiguration", isNamespaced: false),
    ]

    private static let rbac = "rbac.authorization.k8s.io"

    static let clusterRoles = find(group: rbac, version: "v1", plural: "clusterroles")!
    static let roles = find(group: rbac, version: "v1", plural: "roles")!
    static let clusterRoleBindings = find(group: rbac, version: "v1", plural: "clusterrolebindings")!
    static let roleBindings = find(group: rbac, version: "v1", plural: "rolebindings")!

    static func find(group: String, version: String, plural: String) -> APIResource? {
        all.first { $0.group == group && $0.version == version && $0.plural == plural }
    }

    /// Kinds whose `status` is written through the subresource alone.
    static let withStatus: Set<String> = [
        "ingresses", "services", "nodes", "pods", "namespaces", "deployments", "daemonsets", "jobs",
    ]

    /// Kinds that are not written without the version that was read.
    static let withoutBlindUpdate: Set<String> = ["leases"]
}
