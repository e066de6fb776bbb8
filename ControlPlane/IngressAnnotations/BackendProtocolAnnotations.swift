import PorticoModel

/// What is spoken to a route's endpoints.
let backendProtocolAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "backend-protocol", .string, default: "HTTP",
        "What is spoken to endpoints: HTTP, HTTPS, AUTO_HTTP (as the client came), GRPC, GRPCS or FCGI."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.backendProtocol = try ValueParser.backendProtocol(value)
    },
    AnnotationDefinition(
        "fastcgi-index", .string, risk: .medium, default: "",
        "The file name that a FastCGI application gets where the path ends with a slash."
    ) { value, policy, _ throws(ValueFault) in
        let name = ValueParser.trim(value)
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            throw ValueFault("must be a file name, not '\(value)'")
        }
        var fastCGI = policy.route.features.fastCGI ?? FastCGIPolicy()
        fastCGI.index = name
        policy.route.features.fastCGI = fastCGI == FastCGIPolicy() ? nil : fastCGI
    },
    AnnotationDefinition(
        "fastcgi-params-configmap", .objectName, risk: .medium, default: "",
        "A ConfigMap whose keys and values are parameters for a FastCGI application, in place of those that have the same "
            + "name; values may hold variables."
    ) { value, policy, _ throws(ValueFault) in
        let (namespace, name) = try ValueParser.objectName(value)
        policy.references.fastCGIParameters = .init(
            key: "fastcgi-params-configmap", namespace: namespace, name: name)
    },
]

extension ValueParser {
    /// In any case, as ingress-nginx takes it.
    static func backendProtocol(_ text: String) throws(ValueFault) -> BackendProtocol {
        switch trim(text).uppercased() {
        case "HTTP": return .http
        case "HTTPS": return .https
        case "AUTO_HTTP": return .autoHTTP
        case "GRPC": return .grpc
        case "GRPCS": return .grpcs
        case "FCGI": return .fastCGI
        default: throw ValueFault("must be HTTP, HTTPS, AUTO_HTTP, GRPC, GRPCS or FCGI, not '\(text)'")
        }
    }
}
