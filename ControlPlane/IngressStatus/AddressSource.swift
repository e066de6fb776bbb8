import ClusterState
import KubernetesAPI
import PorticoModel

/// Where the addresses in the status of Ingresses come from.
package enum AddressOrigin: Hashable, Sendable {
    /// `--publish-status-address`.
    case fixed([LoadBalancerAddress])
    /// `--publish-service`.
    case service(ObjectName)
    /// The nodes of this pod and those like it.
    case nodes(pod: ObjectName, internalOnly: Bool)
}

/// Asks the API server for them.
package struct AddressSource: Sendable {
    /// Labels that differ between pods that do the same.
    private static let revisionLabels = ["pod-template-hash", "controller-revision-hash", "pod-template-generation"]

    private let client: KubernetesClient
    package let origin: AddressOrigin

    package init(client: KubernetesClient, origin: AddressOrigin) {
        self.client = client
        self.origin = origin
    }

    package func addresses() async throws(APIError) -> [LoadBalancerAddress] {
        switch origin {
        case .fixed(let addresses): return addresses
        case .service(let name):
            return StatusAddresses.published(
                by: try await client.get(.services, namespace: name.namespace, name: name.name))
        case .nodes(let pod, let internalOnly):
            let pods = try await peers(of: pod)
            var nodes: [String: ObjectNode] = [:]
            for name in StatusAddresses.nodeNames(runningReady: pods) {
                nodes[name] = try await client.get(.nodes, name: name)
            }
            return StatusAddresses.ofNodes(runningReady: pods, internalOnly: internalOnly) { nodes[$0] }
        }
    }

    /// Pods that carry this pod's labels, itself among them.
    package func peers(of pod: ObjectName) async throws(APIError) -> ObjectNode {
        let own = try await client.get(.pods, namespace: pod.namespace, name: pod.name)
        let labels = (own.at("metadata", "labels")?.fields ?? []).filter {
            !AddressSource.revisionLabels.contains($0.key)
        }
        let selector = labels.compactMap { label in label.value.string.map { "\(label.key)=\($0)" } }.sorted()
        return try await client.list(
            .pods, namespace: pod.namespace,
            query: [APIRequest.QueryItem("labelSelector", selector.joined(separator: ","))])
    }
}
