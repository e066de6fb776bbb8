import PorticoModel
import Testing

@testable import ClusterState

/// Objects as JSON, with one field that a test varies.
private func decode(_ json: String) throws -> DecodedObject {
    ObjectDecoder.decode(try #require(try JSONReader.readAll(json).first), origin: Origin(file: "a.json", line: 1))
}

/// `field: reason` of everything that makes an object invalid; empty where it is valid.
private func faults(_ json: String) throws -> [String] {
    guard case .invalid(_, let diagnostics) = try decode(json) else { return [] }
    return diagnostics.map { "\($0.field): \($0.reason)" }
}

private func ingress(spec: String, metadata: String = "\"name\": \"web\"") -> String {
    "{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"Ingress\", \"metadata\": {\(metadata)}, \"spec\": \(spec)}"
}

private func ingress(host: String = "", path: String = "/", type: String = "Prefix", port: String = "{\"number\": 80}")
    -> String
{
    ingress(
        spec: """
            {"rules": [{"host": "\(host)", "http": {"paths": [{"path": "\(path)", "pathType": "\(type)",
            "backend": {"service": {"name": "web", "port": \(port)}}}]}}]}
            """)
}

private func service(spec: String) -> String {
    "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\"}, \"spec\": \(spec)}"
}

@Suite struct ObjectDecoderTests {
    @Test(arguments: ["", "example.com", "a.b-c.d", "*.example.com", "localhost", "1.example.com", "10.0.0.1.sslip.io"])
    func `A host that DNS allows is taken`(host: String) throws {
        #expect(try faults(ingress(host: host)).isEmpty)
    }

    @Test(arguments: [
        "Example.com", "a..b", ".a", "a.", "-a.com", "a-.com", "*", "*a.com", "a.*.com", "*.*.com", "*.", "10.0.0.1",
        "::1", "a_b.com", "a.com:80", "a.com/x", "пример.com",
    ])
    func `Any other host is refused`(host: String) throws {
        #expect(try faults(ingress(host: host)).allSatisfy { $0.hasPrefix("spec.rules[0].host: ") })
        #expect(try !faults(ingress(host: host)).isEmpty)
    }

    @Test func `A host of more than 253 characters is refused`() throws {
        let labels = Array(repeating: String(repeating: "a", count: 49), count: 5).joined(separator: ".")
        #expect(try faults(ingress(host: labels + ".abc")).isEmpty)
        #expect(try !faults(ingress(host: labels + ".abcd")).isEmpty)
    }

    @Test(arguments: [
        ("/", "Prefix"), ("/a/b", "Exact"), ("/a/", "Prefix"), ("/a..b/.c", "Prefix"), ("/a%20b", "Exact"),
        ("/x(/|$)(.*)", "ImplementationSpecific"), ("", "ImplementationSpecific"), ("/a//b", "ImplementationSpecific"),
    ])
    func `A path that the API server takes is taken`(path: String, type: String) throws {
        #expect(try faults(ingress(path: path, type: type)).isEmpty)
    }

    @Test(arguments: [
        ("a", "Prefix"), ("", "Exact"), ("", "Prefix"), ("//", "Prefix"), ("/a//", "Exact"), ("/./a", "Exact"),
        ("/a/..", "Prefix"), ("/a/.", "Prefix"), ("/a%2fb", "Prefix"), ("/a%2Fb", "Exact"),
        ("a", "ImplementationSpecific"), ("/a\\u0000", "ImplementationSpecific"), ("/a\\n", "Prefix"),
    ])
    func `Any other path is refused`(path: String, type: String) throws {
        #expect(try faults(ingress(path: path, type: type)).count == 1)
        #expect(try faults(ingress(path: path, type: type))[0].hasPrefix("spec.rules[0].http.paths[0].path: "))
    }

    @Test(arguments: [
        "{\"number\": 1}", "{\"number\": 65535}", "{\"name\": \"http\"}", "{\"name\": \"h2-c\"}",
        "{\"name\": \"\", \"number\": 80}",
    ])
    func `A backend's port is a number or a name`(port: String) throws {
        #expect(try faults(ingress(port: port)).isEmpty)
    }

    @Test(arguments: [
        "{}", "{\"number\": 0}", "{\"number\": 65536}", "{\"number\": -1}", "{\"number\": 1.5}", "{\"number\": \"80\"}",
        "{\"name\": \"80\"}", "{\"name\": \"a--b\"}", "{\"name\": \"sixteen-letters-\"}",
        "{\"name\": \"http\", \"number\": 80}", "80",
    ])
    func `Any other port is refused`(port: String) throws {
        let found = try faults(ingress(port: port))
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.hasPrefix("spec.rules[0].http.paths[0].backend.service.port") })
    }

    @Test(arguments: [
        ("{}", "spec: either"), ("{\"rules\": []}", "spec: either"),
        ("{\"rules\": [{\"http\": {\"paths\": []}}]}", "spec.rules[0].http.paths: is required"),
        ("{\"rules\": [3]}", "spec.rules[0]: must be a map"),
        ("{\"rules\": {}}", "spec.rules: must be a list"),
        ("{\"defaultBackend\": {}}", "spec.defaultBackend: exactly one"),
        (
            "{\"defaultBackend\": {\"service\": {\"name\": \"a\", \"port\": {\"number\": 1}}, \"resource\": {}}}",
            "spec.defaultBackend: exactly one"
        ),
        ("{\"ingressClassName\": \"A\", \"rules\": [{\"host\": \"a.b\"}]}", "spec.ingressClassName: must"),
        (
            "{\"rules\": [{\"http\": {\"paths\": [{\"path\": \"/\"}]}}]}",
            "spec.rules[0].http.paths[0].pathType: is required"
        ),
        ("{\"tls\": [{\"hosts\": [\"A\"]}], \"rules\": [{\"host\": \"a.b\"}]}", "spec.tls[0].hosts[0]: 'A'"),
    ])
    func `The structure of an Ingress is checked with the path of the field`(spec: String, fault: String) throws {
        #expect(try faults(ingress(spec: spec)).contains { $0.hasPrefix(fault) })
    }

    @Test(arguments: [
        ("", "metadata.name: is required"), ("\"name\": 5", "metadata.name: must be a string"),
        ("\"name\": \"A\"", "metadata.name: must consist"),
        ("\"name\": \"a\", \"namespace\": \"x.y\"", "metadata.namespace: must consist"),
        ("\"name\": \"a\", \"annotations\": {\"k\": true}", "metadata.annotations[k]: must be a string"),
        ("\"name\": \"a\", \"creationTimestamp\": \"yesterday\"", "metadata.creationTimestamp: must be a time"),
    ])
    func `Metadata is checked`(metadata: String, fault: String) throws {
        let found = try faults(ingress(spec: "{\"rules\": [{\"host\": \"a.b\"}]}", metadata: metadata))
        #expect(found.contains { $0.hasPrefix(fault) }, "\(found)")
    }

    @Test func `An object without a namespace is in the default one, and unknown fields are no fault`() throws {
        let text = ingress(spec: "{\"rules\": [{\"host\": \"a.b\", \"new\": 1}], \"other\": {}}")
        guard case .object(.ingress(let ingress)) = try decode(text) else { return #expect(Bool(false)) }
        #expect(ingress.metadata.name == ObjectName(namespace: "default", name: "web"))
        #expect(ingress.rules.map(\.host) == ["a.b"])
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-03-01T12:00:00Z", 1_772_366_400),
        ("2024-02-29T23:59:59.123Z", 1_709_251_199),
        ("2026-03-01T12:00:00+02:00", 1_772_359_200), ("1999-12-31T23:59:59-00:30", 946_686_599),
    ])
    func `Creation times are read`(text: String, seconds: Int64) {
        #expect(Timestamp.seconds(text) == seconds)
    }

    @Test(arguments: [
        "", "2026-03-01", "2026-13-01T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:00:00",
        "2026-03-01T12:00:00+2",
    ])
    func `What is no creation time is refused`(text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }

    @Test(arguments: [
        ("{}", "spec.ports: is required"),
        ("{\"ports\": [{\"port\": 80}, {\"port\": 81}]}", "spec.ports[0].name: is required"),
        (
            "{\"ports\": [{\"name\": \"a\", \"port\": 80}, {\"name\": \"a\", \"port\": 81}]}",
            "spec.ports[1].name: 'a' is given twice"
        ),
        ("{\"ports\": [{\"port\": 80, \"targetPort\": 0.5}]}", "spec.ports[0].targetPort: must"),
        ("{\"ports\": [{\"port\": 80, \"protocol\": \"tcp\"}]}", "spec.ports[0].protocol: must"),
        ("{\"type\": \"ExternalName\"}", "spec.externalName: is required"),
        ("{\"type\": \"ExternalName\", \"externalName\": \"a b\"}", "spec.externalName: 'a b'"),
        ("{\"clusterIP\": \"10.0.0\", \"ports\": [{\"port\": 80}]}", "spec.clusterIP: '10.0.0'"),
    ])
    func `A Service is checked`(spec: String, fault: String) throws {
        let found = try faults(service(spec: spec))
        #expect(found.contains { $0.hasPrefix(fault) }, "\(found)")
    }

    @Test func `Conditions that are missing count as ready`() throws {
        let text = """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": "s", "labels": {"kubernetes.io/service-name": "web"}}, "ports": [{"port": 80}],
             "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"], "conditions": {"ready": false}},
              {"addresses": ["10.0.0.3"], "conditions": {"ready": false, "serving": true, "terminating": true}}]}
            """
        guard case .object(.endpointSlice(let slice)) = try decode(text) else { return #expect(Bool(false)) }
        #expect(slice.addresses.map(\.isReady) == [true, false, false])
        #expect(slice.addresses.map(\.isServing) == [true, false, true])
        #expect(slice.addresses.map(\.isTerminating) == [false, false, true])
        #expect(slice.owner == ObjectName(namespace: "default", name: "web"))
    }

    @Test func `An address of the wrong family is refused`() throws {
        let text = """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6",
             "metadata": {"name": "s"}, "endpoints": [{"addresses": ["10.0.0.1"]}]}
            """
        #expect(try faults(text).contains { $0.hasPrefix("endpoints[0].addresses[0]: ") })
    }

    @Test func `A Secret's data is decoded`() throws {
        let text = """
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
             "data": {"a": "aGk=", "b": "aGk\\n="}, "stringData": {"c": "plain"}}
            """
        guard case .object(.secret(let secret)) = try decode(text) else { return #expect(Bool(false)) }
        #expect(secret.data == ["a": Array("hi".utf8), "b": Array("hi".utf8), "c": Array("plain".utf8)])
    }

    @Test(arguments: [
        ("apps/v1", "Deployment"), ("serving.knative.dev/v1", "Service"), ("v1", "Pod"), ("example.com/v1", "Ingress"),
    ])
    func `Objects of other kinds are ignored`(version: String, kind: String) throws {
        guard case .ignored = try decode("{\"apiVersion\": \"\(version)\", \"kind\": \"\(kind)\"}") else {
            return #expect(Bool(false))
        }
    }

    @Test(arguments: [
        (#"{"kind": "A", "name": "a"}"#, ""),
        (#"{"kind": "A", "name": "a", "scope": "Cluster", "apiGroup": "example.com"}"#, ""),
        (#"{"kind": "ConfigMap", "name": "a", "scope": "Namespace", "namespace": "b"}"#, ""),
        (#"{"kind": "A"}"#, "spec.parameters.name: is required"),
        (#"{"name": "a"}"#, "spec.parameters.kind: is required"),
        (
            #"{"kind": "A", "name": "a", "namespace": "b"}"#,
            "spec.parameters.namespace: must not be given where the scope is Cluster"
        ),
        (
            #"{"kind": "A", "name": "a", "scope": "Namespace"}"#,
            "spec.parameters.namespace: is required where the scope is Namespace"
        ),
        (
            #"{"kind": "A", "name": "a", "scope": "Galaxy"}"#,
            "spec.parameters.scope: must be Cluster or Namespace, not 'Galaxy'"
        ),
    ])
    func `The parameters of a class are checked as the API server does`(parameters: String, fault: String) throws {
        let json = """
            {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "a"},
            "spec": {"controller": "example.com/a", "parameters": \(parameters)}}
            """
        #expect(try faults(json) == (fault.isEmpty ? [] : [fault]))
    }
}
