import ClusterState
import KubernetesAPI

/// Which addresses the status of every Ingress shall carry, read off the objects that tell. As ingress-nginx does it.
package enum StatusAddresses {
    /// Of `--publish-status-address`: addresses and host names with commas between them.
    package static func fixed(_ text: String) -> [LoadBalancerAddress] {
        let parts = text.split(whereSeparator: { $0 == "," || $0 == " " })
        return standardised(parts.map { LoadBalancerAddress(text: String($0)) })
    }

    /// Of the service that `--publish-service` names.
    package static func published(by service: ObjectNode) -> [LoadBalancerAddress] {
        let spec = service["spec"]
        let external = (spec?["externalIPs"]?.list ?? []).compactMap(\.string)
        let clusterIP = spec?["clusterIP"]?.string ?? ""
        switch spec?["type"]?.string ?? "ClusterIP" {
        case "ExternalName": return standardised([LoadBalancerAddress(hostname: spec?["externalName"]?.string ?? "")])
        case "NodePort" where !external.isEmpty: return standardised(external.map { LoadBalancerAddress(text: $0) })
        case "LoadBalancer":
            var found = LoadBalancerAddress.list(in: service["status"])
            // An address goes before a host name for the same.
            for index in found.indices where !found[index].ip.isEmpty { found[index].hostname = "" }
            let known = Set(found.flatMap { [$0.ip, $0.hostname] })
            found += external.filter { !known.contains($0) }.map { LoadBalancerAddress(text: $0) }
            return standardised(found)
        default: return clusterIP == "None" ? [] : standardised([LoadBalancerAddress(ip: clusterIP)])
        }
    }

    /// Of the nodes on which ready pods run.
    /// - Parameters:
    ///   - pods: a list of pods.
    ///   - node: finds a node by name.
    ///   - internalOnly: `--report-node-internal-ip-address`; otherwise external addresses go first.
    package static func ofNodes(
        runningReady pods: ObjectNode, internalOnly: Bool, node: (String) -> ObjectNode?
    ) -> [LoadBalancerAddress] {
        let names = Set((pods["items"]?.list ?? []).filter(isReady).compactMap { $0.at("spec", "nodeName")?.string })
        return standardised(
            names.compactMap(node).compactMap { address(of: $0, internalOnly: internalOnly) }
                .map { LoadBalancerAddress(text: $0) })
    }

    /// The names of the nodes that `ofNodes` asks for.
    package static func nodeNames(runningReady pods: ObjectNode) -> [String] {
        Set((pods["items"]?.list ?? []).filter(isReady).compactMap { $0.at("spec", "nodeName")?.string }).sorted()
    }

    private static func isReady(_ pod: ObjectNode) -> Bool {
        guard pod.at("status", "phase")?.string == "Running" else { return false }
        return (pod.at("status", "conditions")?.list ?? []).contains {
            $0["type"]?.string == "Ready" && $0["status"]?.string == "True"
        }
    }

    private static func address(of node: ObjectNode, internalOnly: Bool) -> String? {
        let addresses = node.at("status", "addresses")?.list ?? []
        let first = { (type: String) in
            addresses.first { $0["type"]?.string == type && $0["address"]?.string?.isEmpty == false }?["address"]?
                .string
        }
        return (internalOnly ? nil : first("ExternalIP")) ?? first("InternalIP")
    }

    /// In order, and each once, so that equal addresses are equal lists.
    static func standardised(_ addresses: [LoadBalancerAddress]) -> [LoadBalancerAddress] {
        Set(addresses.filter { !$0.ip.isEmpty || !$0.hostname.isEmpty }).sorted()
    }
}
