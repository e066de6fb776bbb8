import ClusterState
import KubernetesAPI

/// What tells clients such as kubectl which resources there are.
enum Discovery {
    /// - Returns: nil for a path that is not about that.
    static func answer(_ path: String) -> ObjectNode? {
        let parts = path.split(separator: "/").map(String.init)
        switch parts.count {
        case 1 where parts[0] == "version":
            return ["major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"]
        case 1 where parts[0] == "api": return ["kind": "APIVersions", "versions": ["v1"]]
        case 1 where parts[0] == "apis": return groups
        case 2 where parts[0] == "api": return resources(group: "", version: parts[1])
        case 3 where parts[0] == "apis": return resources(group: parts[1], version: parts[2])
        default: return nil
        }
    }

    private static var groups: ObjectNode {
        let names = Set(ResourceTable.all.map { [$0.group, $0.version] }.filter { !$0[0].isEmpty })
        let groups = names.sorted { $0[0] < $1[0] }.map { name -> ObjectNode in
            let version: ObjectNode = ["groupVersion": .text("\(name[0])/\(name[1])"), "version": .text(name[1])]
            return ["name": .text(name[0]), "versions": .items([version]), "preferredVersion": version]
        }
        return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .items(groups)]
    }

    private static func resources(group: String, version: String) -> ObjectNode? {
        let found = ResourceTable.all.filter { $0.group == group && $0.version == version }
        guard !found.isEmpty else { return nil }
        let verbs: ObjectNode = ["create", "delete", "get", "list", "patch", "update", "watch"]
        let resources = found.map { resource -> ObjectNode in
            [
                "name": .text(resource.plural), "singularName": .text(resource.kind.lowercased()),
                "kind": .text(resource.kind), "namespaced": ObjectNode(.bool(resource.isNamespaced)), "verbs": verbs,
            ]
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .text(found[0].apiVersion),
            "resources": .items(resources),
        ]
    }
}
