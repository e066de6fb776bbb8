/// A collection that is followed.
package struct WatchTarget: Hashable, Sendable {
    package var resource: APIResource
    /// Empty for all namespaces.
    package var namespace = ""
    package var fieldSelector = ""
    package var labelSelector = ""
    /// Only names, labels and versions: the rest is not sent.
    package var isMetadataOnly = false

    package init(
        _ resource: APIResource, namespace: String = "", fieldSelector: String = "", labelSelector: String = ""
    ) {
        self.resource = resource
        self.namespace = namespace
        self.fieldSelector = fieldSelector
        self.labelSelector = labelSelector
    }

    private static let acceptsMetadata =
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
    private static let acceptsMetadataList =
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

    private var query: [APIRequest.QueryItem] {
        var items: [APIRequest.QueryItem] = []
        if !fieldSelector.isEmpty { items.append(.init("fieldSelector", fieldSelector)) }
        if !labelSelector.isEmpty { items.append(.init("labelSelector", labelSelector)) }
        return items
    }

    /// - Parameter limit: nil for all at once.
    func listRequest(limit: Int?, continue token: String?) -> APIRequest {
        var request = APIRequest(.get, resource.path(namespace: namespace), query: query)
        if let limit { request.query.append(.init("limit", "\(limit)")) }
        if let token { request.query.append(.init("continue", token)) }
        if isMetadataOnly { request.accept = WatchTarget.acceptsMetadataList }
        return request
    }

    func watchRequest(from version: String, seconds: Int) -> APIRequest {
        var request = APIRequest(.get, resource.path(namespace: namespace), query: query)
        request.query += [
            .init("watch", "1"), .init("resourceVersion", version), .init("allowWatchBookmarks", "true"),
            .init("timeoutSeconds", "\(seconds)"),
        ]
        if isMetadataOnly { request.accept = WatchTarget.acceptsMetadata }
        return request
    }

    /// As messages name it.
    package var description: String {
        var text = resource.qualifiedName
        if !namespace.isEmpty { text += " in the namespace \(namespace)" }
        return text
    }
}
