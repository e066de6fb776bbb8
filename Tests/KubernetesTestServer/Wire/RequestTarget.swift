import KubernetesAPI

/// What a path means: `/apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE/NAME/SUBRESOURCE`.
struct RequestTarget: Sendable {
    var resource: APIResource
    /// Empty for all namespaces.
    var namespace = ""
    /// Empty for the collection.
    var name = ""
    var subresource = ""

    init?(path: String) {
        var parts = path.split(separator: "/").map(String.init)[...]
        guard let root = parts.popFirst() else { return nil }
        var group = ""
        if root == "apis" {
            guard let first = parts.popFirst() else { return nil }
            group = first
        } else if root != "api" {
            return nil
        }
        guard let version = parts.popFirst() else { return nil }
        if parts.first == "namespaces", parts.count > 2 {
            parts = parts.dropFirst()
            namespace = parts.popFirst() ?? ""
        }
        guard let plural = parts.popFirst(),
            let resource = ResourceTable.find(group: group, version: version, plural: plural)
        else { return nil }
        self.resource = resource
        name = parts.popFirst() ?? ""
        subresource = parts.popFirst() ?? ""
        guard parts.isEmpty else { return nil }
    }

    func verb(_ method: String, isWatch: Bool) -> String? {
        switch method {
        case "GET": isWatch ? "watch" : name.isEmpty ? "list" : "get"
        case "POST": "create"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": name.isEmpty ? "deletecollection" : "delete"
        default: nil
        }
    }
}
