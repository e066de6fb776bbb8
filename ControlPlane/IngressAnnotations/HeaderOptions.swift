/// Headers of requests and responses.
let headerOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "enable-underscores-in-headers", .bool, default: "false", "Whether header names may contain underscores."
    ) { value, options throws(ValueFault) in
        options.settings.allowsUnderscoresInHeaders = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "ignore-invalid-headers", .bool, default: "true",
        "Whether headers with invalid names are dropped rather than refused."
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
]

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
