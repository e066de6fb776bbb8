import ClusterState
import KubernetesAPI
import PorticoModel

/// The Lease as the API server has it.
package struct KubernetesLeaseStore: LeaseStore {
    private let client: KubernetesClient
    private let name: ObjectName
    private let timeoutSeconds: Double

    /// - Parameter timeoutSeconds: for each request; well below the election's deadline.
    package init(client: KubernetesClient, name: ObjectName, timeoutSeconds: Double) {
        self.client = client
        self.name = name
        self.timeoutSeconds = timeoutSeconds
    }

    package func read() async -> LeaseOutcome {
        await exchange(.get, name: name.name, body: nil) { .found($0) }
    }

    package func create(_ record: LeaseRecord) async -> LeaseOutcome {
        await exchange(.post, name: "", body: LeaseCodec.object(name, record)) { .written($0) }
    }

    package func replace(_ lease: StoredLease, with record: LeaseRecord) async -> LeaseOutcome {
        guard let body = LeaseCodec.object(lease, with: record) else { return .failed("the Lease cannot be read") }
        return await exchange(.put, name: name.name, body: body) { .written($0) }
    }

    private func exchange(
        _ method: APIRequest.Method, name: String, body: ObjectNode?, _ success: (StoredLease) -> LeaseOutcome
    ) async -> LeaseOutcome {
        let path = APIResource.leases.path(namespace: self.name.namespace, name: name)
        var request = APIRequest(method, path, body: body.map { Array($0.json.utf8) })
        request.timeoutSeconds = timeoutSeconds
        // An answer that comes later than asked for is no use here: the next attempt is soon.
        request.repeatsWhenThrottled = false
        do {
            let response = try await client.send(request)
            guard let lease = LeaseCodec.lease(response.body) else { return .failed("the Lease cannot be read") }
            return success(lease)
        } catch {
            if error.isNotFound { return method == .get ? .missing : .conflict }
            return error.isConflict ? .conflict : .failed(error.description)
        }
    }
}
