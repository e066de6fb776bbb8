import PorticoModel

/// Headers that routes set.
let headerAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "custom-headers", .objectName, risk: .medium, default: "",
        "A ConfigMap whose keys and values are set as headers of the responses; `global-allowed-response-headers` says "
            + "which may be."
    ) { value, policy, _ throws(ValueFault) in
        let (namespace, name) = try ValueParser.objectName(value)
        policy.references.responseHeaders = .init(key: "custom-headers", namespace: namespace, name: name)
    },
    AnnotationDefinition(
        "connection-proxy-header", .choice, default: "", "The Connection header towards the endpoint."
    ) { value, policy, _ throws(ValueFault) in
        let words = ["close": "close", "keep-alive": "keep-alive", "upgrade": "upgrade", "Upgrade": "Upgrade"]
        var headers = policy.features.headers ?? HeaderPolicy()
        headers.connectionHeader = try ValueParser.choice(value, words)
        policy.features.headers = headers
    },
]
