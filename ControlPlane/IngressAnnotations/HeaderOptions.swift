/// Headers of requests and responses.
let headerOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "enable-underscores-in-headers", .bool, default: "false", "Whether header names may contain underscores."
    ) { value, options throws(ValueFault) in
        options.settings.allowsUnderscoresInHeaders = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "ignore-invalid-headers", .bool, default: "true",
        "Whether headers with unusual names, those with underscores among them, are dropped rather than passed on."
    ) { value, options throws(ValueFault) in
        options.settings.ignoresInvalidHeaders = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "generate-request-id", .bool, default: "true", "Whether a request without X-Request-ID gets one."
    ) { value, options throws(ValueFault) in
        options.settings.generatesRequestID = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "use-forwarded-headers", .bool, default: "false", "Whether incoming X-Forwarded-* headers are believed."
    ) { value, options throws(ValueFault) in
        options.settings.usesForwardedHeaders = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "compute-full-forwarded-for", .bool, default: "false",
        "Whether the client's address is appended to X-Forwarded-For rather than put in its place."
    ) { value, options throws(ValueFault) in
        options.settings.computesFullForwardedFor = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "forwarded-for-header", .string, default: "X-Forwarded-For", "The header that names the client's address."
    ) { value, options throws(ValueFault) in
        options.settings.forwardedForHeader = try ValueParser.headerName(value)
    },
    GlobalOptionDefinition(
        "proxy-real-ip-cidr", .list, default: "0.0.0.0/0",
        "Who may set forwarding headers or speak PROXY protocol."
    ) { value, options throws(ValueFault) in
        try takeTrustedProxies(value, &options)
    },
    GlobalOptionDefinition(
        "proxy-add-original-uri-header", .bool, default: "false", "Whether upstreams get X-Original-URI."
    ) { value, options throws(ValueFault) in
        options.settings.addsOriginalURIHeader = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "allow-backend-server-header", .bool, default: "false", "Whether the upstream's Server header is passed on."
    ) { value, options throws(ValueFault) in
        options.settings.passesServerHeader = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "hide-headers", .list, default: "", "Headers of endpoints that no client sees."
    ) { value, options throws(ValueFault) in
        options.settings.hiddenHeaders = try headerNames(value).map { $0.lowercased() }
    },
    GlobalOptionDefinition(
        "proxy-set-headers", .objectName, default: "",
        "A ConfigMap whose keys and values are headers towards every endpoint; values may hold variables."
    ) { value, options throws(ValueFault) in
        options.requestHeaders = try headerReference("proxy-set-headers", value)
    },
    GlobalOptionDefinition(
        "add-headers", .objectName, default: "", "A ConfigMap whose keys and values are headers of every response."
    ) { value, options throws(ValueFault) in
        options.responseHeaders = try headerReference("add-headers", value)
    },
    GlobalOptionDefinition(
        "global-allowed-response-headers", .list, default: "", "The headers that the annotation custom-headers may set."
    ) { value, options throws(ValueFault) in
        options.allowedResponseHeaders = Set(try headerNames(value).map { $0.lowercased() })
    },
    GlobalOptionDefinition(
        "enable-real-ip", .bool, default: "false",
        "Whether forwarded-for-header of trusted proxies names the client, without belief in other headers."
    ) { value, options throws(ValueFault) in
        options.settings.usesRealIP = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "forwarded-for-proxy-protocol-header", .string, default: "X-Forwarded-For-Proxy-Protocol",
        "The header that names the client of a connection with a PROXY protocol header."
    ) { value, options throws(ValueFault) in
        options.settings.forwardedForProxyProtocolHeader = try ValueParser.headerName(value)
    },
]

private func headerReference(
    _ key: String, _ value: String
) throws(ValueFault) -> PolicyReferences.Reference? {
    guard !value.isEmpty else { return nil }
    let (namespace, name) = try ValueParser.objectName(value)
    return PolicyReferences.Reference(key: key, namespace: namespace, name: name)
}

/// A block that cannot be read is left out: to fall back to the default would be to trust everyone.
private func takeTrustedProxies(_ value: String, _ options: inout GlobalOptions) throws(ValueFault) {
    var blocks: [String] = []
    var faults: [String] = []
    for part in value.split(separator: ",") {
        do throws(ValueFault) {
            blocks.append(try ValueParser.addressBlock(String(part)))
        } catch {
            faults.append(error.reason)
        }
    }
    options.settings.trustedProxies = blocks
    guard blocks.isEmpty || !faults.isEmpty else { return }
    let reason = faults.isEmpty ? "must be a list of CIDR blocks" : faults.joined(separator: "; ")
    throw ValueFault(reason, consequence: blocks.isEmpty ? "nobody is trusted" : "only the other blocks are trusted")
}
