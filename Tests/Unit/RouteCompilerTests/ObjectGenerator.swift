import ClusterState
import PorticoModel
import RouteCompiler

/// Makes random objects out of few names, so that they share, conflict and refer to each other.
struct ObjectGenerator: RandomNumberGenerator {
    private var state: UInt64
    private(set) var current: [ObjectReference: KubernetesObject] = [:]

    init(seed: UInt64) { state = seed }

    var objects: [KubernetesObject] { current.values.sorted { $0.reference < $1.reference } }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    static var folderConfiguration: CompilerConfiguration {
        var configuration = CompilerConfiguration()
        configuration.classes.acceptsMissingClassObjects = true
        return configuration
    }

    mutating func configuration() -> CompilerConfiguration {
        var configuration = CompilerConfiguration()
        configuration.classes.acceptsMissingClassObjects = Bool.random(using: &self)
        configuration.classes.watchIngressWithoutClass = Bool.random(using: &self)
        configuration.configMap = ObjectName(namespace: "a", name: "controller")
        if Bool.random(using: &self) {
            configuration.defaultBackendService = ObjectName(namespace: "a", name: "c")
        }
        return configuration
    }

    /// A few changes, which `objects` then contains.
    mutating func batch() -> [ObjectChange] {
        (0..<Int.random(in: 1...4, using: &self)).map { _ in
            if Int.random(in: 0..<4, using: &self) == 0, let victim = objects.randomElement(using: &self) {
                current[victim.reference] = nil
                return .delete(victim.reference)
            }
            let object = object()
            current[object.reference] = object
            return .upsert(object)
        }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    private mutating func object() -> KubernetesObject {
        switch Int.random(in: 0..<14, using: &self) {
        case 0..<5: .ingress(ingress())
        case 5, 6: .service(service())
        case 7, 8: .endpointSlice(slice())
        case 9: .endpoints(endpoints())
        case 10: .ingressClass(ingressClass())
        case 11: .secret(secret())
        case 12: .configMap(headerMap())
        default: .configMap(configMap())
        }
    }

    private mutating func metadata(_ names: [String], isNamespaced: Bool = true) -> ObjectMetadata {
        let namespace = isNamespaced ? pick(["a", "a-b"]) : ""
        var metadata = ObjectMetadata(name: ObjectName(namespace: namespace, name: pick(names)))
        metadata.createdAt = pick([nil, nil, 1, 2])
        metadata.origin = Origin(file: pick(["x.yaml", "y.yaml"]), line: pick([1, 5]))
        return metadata
    }

    private mutating func ingress() -> Ingress {
        var ingress = Ingress(metadata: metadata(["one", "two", "three"]))
        ingress.className = pick([nil, "nginx", "nginx", "other"])
        if Int.random(in: 0..<4, using: &self) == 0 { ingress.defaultBackend = backend() }
        for _ in 0..<Int.random(in: 0...3, using: &self) {
            let paths = (0..<Int.random(in: 0...3, using: &self)).map { _ in
                Ingress.Path(
                    path: pick(["/", "/x", "/x/", "/y"]), type: pick([.exact, .prefix, .implementationSpecific]),
                    backend: backend(), line: pick([3, 4]))
            }
            ingress.rules.append(
                Ingress.Rule(host: pick(["", "s.test", "*.test", "t.test", "www.t.test"]), paths: paths))
        }
        ingress.metadata.annotations = annotations()
        return ingress
    }

    private mutating func annotations() -> [Annotation] {
        let prefix = "nginx.ingress.kubernetes.io"
        let all = [
            Annotation(key: "kubernetes.io/ingress.class", value: pick(["nginx", "", "other"])),
            Annotation(key: "\(prefix)/proxy-read-timeout", value: pick(["60", "90", "soon"])),
            Annotation(key: "\(prefix)/service-upstream", value: pick(["true", "false"])),
            Annotation(key: "\(prefix)/canary", value: "true"),
            Annotation(key: "\(prefix)/canary-weight", value: pick(["5", "50"])),
            Annotation(key: "\(prefix)/rewrite-target", value: pick(["/", "/x", "/$1"])),
            Annotation(key: "\(prefix)/use-regex", value: "true"),
            Annotation(key: "\(prefix)/server-alias", value: pick(["s.test", "t.test,u.test", "u.test"])),
            Annotation(key: "\(prefix)/from-to-www-redirect", value: "true"),
            Annotation(key: "\(prefix)/default-backend", value: pick(["c", "b-c"])),
            Annotation(key: "\(prefix)/auth-type", value: "basic"),
            Annotation(key: "\(prefix)/auth-secret", value: pick(["users", "a/users", "other"])),
            Annotation(key: "\(prefix)/auth-secret-type", value: "auth-map"),
            Annotation(
                key: "\(prefix)/auth-url", value: pick(["http://c.a.svc/x", "https://$host/y", "https://v.test"])),
            Annotation(key: "\(prefix)/custom-headers", value: pick(["headers", "a/headers"])),
            Annotation(key: "\(prefix)/mirror-target", value: "https://m.test$request_uri"),
            Annotation(key: "\(prefix)/enable-global-auth", value: "false"),
            Annotation(
                key: "\(prefix)/configuration-snippet", value: pick(["set $a 1; deny all;", "frob;", "limit_req x;"])),
            Annotation(
                key: "\(prefix)/server-snippet", value: pick(["location /s { return 200; }", "return 404;", "{"])),
        ].sorted { $0.key < $1.key }
        return all.filter { _ in Int.random(in: 0..<6, using: &self) == 0 }
    }

    private mutating func backend() -> IngressBackend {
        if Int.random(in: 0..<12, using: &self) == 0 { return .resource(kind: "Bucket", name: "b") }
        return .service(name: pick(["c", "b-c", "web"]), port: pick([.number(80), .name("http"), .number(81)]))
    }

    private mutating func service() -> Service {
        var service = Service(metadata: metadata(["c", "b-c", "web"]))
        service.kind = pick([.clusterIP, .clusterIP, .externalName])
        service.externalName = pick(["one.test", "two.test", "192.0.2.1"])
        service.isHeadless = Bool.random(using: &self)
        service.clusterIPs = service.isHeadless ? [] : [Self.address(99)]
        service.ports = pick([
            [], [.init(port: 80)], [.init(name: "http", port: 80, targetPort: .name("web"))],
            [.init(name: "http", port: 80), .init(name: "more", port: 81, targetPort: .number(8081))],
        ])
        return service
    }

    private mutating func slice() -> EndpointSlice {
        EndpointSlice(
            metadata: metadata(["s1", "s2", "s3"]), serviceName: pick(["c", "b-c", "web"]),
            addresses: (0..<Int.random(in: 0...3, using: &self)).map { _ in
                .init(
                    address: Self.address(pick([1, 2, 3])), isReady: Bool.random(using: &self),
                    isServing: Bool.random(using: &self), isTerminating: Bool.random(using: &self))
            }, ports: ports())
    }

    private mutating func endpoints() -> Endpoints {
        Endpoints(
            metadata: metadata(["c", "b-c", "web"]),
            subsets: [.init(addresses: [Self.address(pick([7, 8]))], ports: ports())])
    }

    private mutating func ports() -> [EndpointPort] {
        [EndpointPort(name: pick(["", "http", "more", "web"]), number: pick([8080, 8081, nil]))]
    }

    private mutating func ingressClass() -> IngressClass {
        var found = IngressClass(
            metadata: metadata(["nginx", "other"], isNamespaced: false),
            controller: pick(["k8s.io/ingress-nginx", "example.com/other"]))
        if Bool.random(using: &self) {
            let key = "ingressclass.kubernetes.io/is-default-class"
            found.metadata.annotations = [Annotation(key: key, value: "true")]
        }
        return found
    }

    private mutating func configMap() -> ConfigMap {
        let entries: [ConfigMap.Entry] = [
            .init(key: "keep-alive", value: pick(["10", "never"])),
            .init(key: "proxy-read-timeout", value: pick(["60", "90"])),
            .init(key: "service-upstream", value: pick(["true", "false"])),
            .init(key: "add-headers", value: pick(["a/headers", "a-b/headers", "a/none"])),
            .init(key: "allow-cross-namespace-resources", value: pick(["true", "false"])),
            .init(key: "custom-http-errors", value: pick(["404", "404,503"])),
            .init(key: "global-allowed-response-headers", value: "x-one"),
            .init(key: "global-auth-url", value: pick(["http://web.a.svc/", "https://w.test/"])),
            .init(key: "http-redirect-code", value: pick(["301", "308"])),
            .init(key: "no-auth-locations", value: "/x"),
            .init(key: "allow-snippet-annotations", value: "true"),
            .init(key: "annotations-risk-level", value: pick(["Critical", "Critical", "Low"])),
            .init(key: "location-snippet", value: "more_set_headers 'X-All: 1';"),
            .init(key: "server-snippet", value: "location /all { return 403; }"),
        ].sorted { $0.key < $1.key }
        return ConfigMap(
            metadata: metadata(["controller"]), data: entries.filter { _ in Bool.random(using: &self) })
    }

    private mutating func secret() -> Secret {
        let data: [[String: [UInt8]]] = [
            [:], ["auth": Array("u:h".utf8)], ["auth": Array("v:i".utf8)], ["w": [1, 10]],
        ]
        return Secret(metadata: metadata(["users", "other"]), type: "Opaque", data: pick(data))
    }

    private mutating func headerMap() -> ConfigMap {
        ConfigMap(
            metadata: metadata(["headers"]),
            data: [.init(key: pick(["X-One", "X One", "X-Two"]), value: pick(["a", "$host", "$nothing"]))])
    }

    // MARK: Plain objects

    static func address(_ last: UInt8) -> IPAddress { IPAddress(bytes: [10, 0, 0, last])! }

    static func ingress(_ name: String, host: String, path: String) -> Ingress {
        Ingress(
            metadata: ObjectMetadata(name: ObjectName(namespace: "default", name: name)), className: "nginx",
            rules: [
                .init(
                    host: host,
                    paths: [.init(path: path, type: .prefix, backend: .service(name: "web", port: .number(80)))])
            ])
    }

    static func service(_ name: String) -> Service {
        Service(
            metadata: ObjectMetadata(name: ObjectName(namespace: "default", name: name)), ports: [.init(port: 80)])
    }

    static func slice(_ name: String, of service: String, hosts: [UInt8]) -> EndpointSlice {
        EndpointSlice(
            metadata: ObjectMetadata(name: ObjectName(namespace: "default", name: name)), serviceName: service,
            addresses: hosts.map { .init(address: address($0)) }, ports: [EndpointPort(number: 8080)])
    }
}
