import ClusterState

/// Requests about objects: the whole object in, the whole object out.
extension KubernetesClient {
    package func get(
        _ resource: APIResource, namespace: String = "", name: String
    ) async throws(APIError) -> ObjectNode {
        try await exchange(APIRequest(.get, resource.path(namespace: namespace, name: name)))
    }

    /// All objects at once, for collections known to be small.
    package func list(
        _ resource: APIResource, namespace: String = "", query: [APIRequest.QueryItem] = []
    ) async throws(APIError) -> ObjectNode {
        try await exchange(APIRequest(.get, resource.path(namespace: namespace), query: query))
    }

    package func create(
        _ resource: APIResource, namespace: String = "", _ object: ObjectNode
    ) async throws(APIError) -> ObjectNode {
        try await exchange(APIRequest(.post, resource.path(namespace: namespace), body: Array(object.json.utf8)))
    }

    /// Replaces the object, or its subresource. With `metadata.resourceVersion` it fails with a conflict where the
    /// object has changed since.
    package func update(
        _ resource: APIResource, namespace: String = "", name: String, subresource: String = "", _ object: ObjectNode
    ) async throws(APIError) -> ObjectNode {
        let path = resource.path(namespace: namespace, name: name, subresource: subresource)
        return try await exchange(APIRequest(.put, path, body: Array(object.json.utf8)))
    }

    /// RFC 7396: a null takes a key away.
    package func mergePatch(
        _ resource: APIResource, namespace: String = "", name: String, subresource: String = "", _ patch: ObjectNode
    ) async throws(APIError) -> ObjectNode {
        let path = resource.path(namespace: namespace, name: name, subresource: subresource)
        var request = APIRequest(.patch, path, body: Array(patch.json.utf8))
        request.contentType = "application/merge-patch+json"
        return try await exchange(request)
    }

    @discardableResult
    package func delete(
        _ resource: APIResource, namespace: String = "", name: String
    ) async throws(APIError) -> ObjectNode {
        try await exchange(APIRequest(.delete, resource.path(namespace: namespace, name: name)))
    }

    private func exchange(_ request: APIRequest) async throws(APIError) -> ObjectNode {
        let response = try await send(request)
        do {
            return try JSONReader.read(response.body)
        } catch {
            throw .malformed("\(request.method.rawValue) \(request.path): \(error.reason)")
        }
    }
}
