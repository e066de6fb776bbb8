import ClusterState
import IngressStatus
import KubernetesAPI
import Testing

@Suite struct StatusAddressesTests {
    private func text(_ addresses: [LoadBalancerAddress]) -> [String] {
        addresses.map { address in
            let ports = address.ports.map { ":\($0.number)/\($0.transport)" }.joined()
            return (address.ip.isEmpty ? address.hostname : address.ip) + ports
        }
    }

    @Test(arguments: [
        ("203.0.113.7", ["203.0.113.7"]), ("b.example, a.example", ["a.example", "b.example"]),
        ("2001:db8::1,203.0.113.7,203.0.113.7", ["2001:db8::1", "203.0.113.7"]), (" , ", []),
    ])
    func `fixed addresses are taken apart, sorted and said once`(list: String, expected: [String]) {
        #expect(text(StatusAddresses.fixed(list)) == expected)
    }

    @Test(arguments: [
        (#"{"spec":{"type":"ExternalName","externalName":"lb.example"}}"#, ["lb.example"]),
        (#"{"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1"}}"#, ["10.0.0.1"]),
        (#"{"spec":{"clusterIP":"10.0.0.1","externalIPs":["203.0.113.1"]}}"#, ["10.0.0.1"]),
        (#"{"spec":{"type":"ClusterIP","clusterIP":"None"}}"#, []),
        (#"{"spec":{"type":"NodePort","clusterIP":"10.0.0.1"}}"#, ["10.0.0.1"]),
        (
            #"{"spec":{"type":"NodePort","clusterIP":"10.0.0.1","externalIPs":["203.0.113.2","203.0.113.1"]}}"#,
            ["203.0.113.1", "203.0.113.2"]
        ), (#"{"spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"}}"#, []),
        (
            #"{"spec":{"type":"LoadBalancer","externalIPs":["203.0.113.9","203.0.113.1"]},"#
                + #""status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"},{"hostname":"lb.example"}]}}}"#,
            ["203.0.113.1", "203.0.113.9", "lb.example"]
        ),
        (
            #"{"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1","#
                + #""ports":[{"port":443,"protocol":"TCP"},{"port":80,"protocol":"TCP"}]}]}}}"#,
            ["203.0.113.1:80/TCP:443/TCP"]
        ),
    ])
    func `a service publishes by its type what ingress-nginx takes from it`(json: String, expected: [String]) throws {
        let service = try JSONReader.read(Array(json.utf8))
        #expect(text(StatusAddresses.published(by: service)) == expected)
    }

    private let pods = #"""
        {"items":[
          {"spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}},
          {"spec":{"nodeName":"n2"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}]}},
          {"spec":{"nodeName":"n3"},"status":{"phase":"Pending"}},
          {"spec":{"nodeName":"n4"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}},
          {"spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}]}
        """#

    @Test(arguments: [(false, ["10.0.0.4", "203.0.113.1"]), (true, ["10.0.0.1", "10.0.0.4"])])
    func `nodes of ready pods give their external address, or the internal one`(
        internalOnly: Bool, expected: [String]
    ) throws {
        let pods = try JSONReader.read(Array(pods.utf8))
        #expect(StatusAddresses.nodeNames(runningReady: pods) == ["n1", "n4"])
        let nodes: [String: ObjectNode] = [
            "n1": [
                "status": [
                    "addresses": [
                        ["type": "InternalIP", "address": "10.0.0.1"],
                        ["type": "ExternalIP", "address": "203.0.113.1"],
                    ]
                ]
            ], "n4": ["status": ["addresses": [["type": "InternalIP", "address": "10.0.0.4"]]]],
        ]
        let found = StatusAddresses.ofNodes(runningReady: pods, internalOnly: internalOnly) { nodes[$0] }
        #expect(text(found) == expected)
    }
}
