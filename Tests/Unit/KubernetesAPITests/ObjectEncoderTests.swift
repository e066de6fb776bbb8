import ClusterState
import PorticoModel
import Testing

@testable import KubernetesAPI

@Suite struct ObjectEncoderTests {
    private static let objects = [
        #"""
        {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"shop","namespace":"a","uid":"u-1",
        "creationTimestamp":"2026-03-01T12:00:00Z","annotations":{"a.b/c":"d \"e\"\nf"}},
        "spec":{"ingressClassName":"nginx","tls":[{"hosts":["a.test"],"secretName":"s"},{}],
        "defaultBackend":{"resource":{"kind":"Bucket","name":"b"}},
        "rules":[{"host":"a.test","http":{"paths":[
        {"path":"/","pathType":"Exact","backend":{"service":{"name":"web","port":{"number":80}}}},
        {"pathType":"ImplementationSpecific","backend":{"service":{"name":"web","port":{"name":"http"}}}}]}},{}]},
        "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"},{"hostname":"lb.test","ports":[{"port":80}]}]}}}
        """#,
        #"""
        {"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"nginx"},
        "spec":{"controller":"k8s.io/ingress-nginx",
        "parameters":{"kind":"ConfigMap","name":"c","scope":"Namespace","namespace":"n"}}}
        """#,
        #"""
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"a"},
        "spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","fd00::1"],
        "ports":[{"name":"http","port":80,"targetPort":"web"},{"name":"dns","port":53,"protocol":"UDP"}]}}
        """#,
        #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"bare"},"spec":{"clusterIP":"None"}}"#,
        #"""
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"far"},
        "spec":{"type":"ExternalName","externalName":"far.test"}}
        """#,
        #"""
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv6",
        "metadata":{"name":"web-1","labels":{"kubernetes.io/service-name":"web"}},"ports":[{"port":80},{"name":"x"}],
        "endpoints":[{"addresses":["fd00::2"]},{"addresses":["fd00::3"],
        "conditions":{"ready":false,"serving":true,"terminating":true}}]}
        """#,
        #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"b":"2","a":"1\t"}}"#,
    ]

    @Test(arguments: objects)
    func `What is written down is read again as it was`(json: String) throws {
        // The API server writes an object on one line.
        let node = try #require(try JSONReader.readAll(json.replacing("\n", with: "")).first)
        guard case .object(let object) = ObjectDecoder.decode(node) else {
            Issue.record("\(ObjectDecoder.decode(node))")
            return
        }
        let text = try #require(ObjectEncoder.encode(object)).json
        #expect(GoodForm(text: text, uid: "")?.object == object, "\(text)")
    }

    @Test func `Secrets are never written down`() throws {
        let secret = Secret(
            metadata: ObjectMetadata(name: ObjectName(namespace: "a", name: "b")), type: "Opaque", data: ["k": [1]])
        #expect(ObjectEncoder.encode(.secret(secret)) == nil)
    }
}
