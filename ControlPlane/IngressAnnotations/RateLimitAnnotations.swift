import PorticoModel

/// Limits by client.
let rateLimitAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "limit-connections", .number, default: "0", "How many requests a client may have in progress; 0 sets no limit."
    ) { value, policy, _ throws(ValueFault) in
        let limit = try ValueParser.count(value)
        policy.features.limiting { $0.connections = limit }
    },
    AnnotationDefinition(
        "limit-rps", .number, default: "0", "How many requests a client may begin in a second; 0 sets no limit."
    ) { value, policy, _ throws(ValueFault) in
        let limit = try ValueParser.count(value)
        policy.features.limiting { $0.requestsPerSecond = limit }
    },
    AnnotationDefinition(
        "limit-rpm", .number, default: "0", "The same in a minute."
    ) { value, policy, _ throws(ValueFault) in
        let limit = try ValueParser.count(value)
        policy.features.limiting { $0.requestsPerMinute = limit }
    },
    AnnotationDefinition(
        "limit-burst-multiplier", .number, default: "5", "A burst of this many times the limit is let through."
    ) { value, policy, _ throws(ValueFault) in
        let multiplier = try ValueParser.count(value, atLeast: 1)
        policy.features.limiting { $0.burstMultiplier = multiplier }
    },
    AnnotationDefinition(
        "limit-allowlist", .addresses, default: "",
        "Clients in these blocks have no limit; goes before limit-whitelist."
    ) { value, policy, _ throws(ValueFault) in
        let blocks = try ValueParser.addressBlocks(value)
        policy.features.limiting { $0.allowedBlocks = blocks }
    },
    AnnotationDefinition(
        "limit-whitelist", .addresses, default: "", "The older name of limit-allowlist."
    ) { value, policy, _ throws(ValueFault) in
        let blocks = try ValueParser.addressBlocks(value)
        policy.features.limiting { if $0.allowedBlocks.isEmpty { $0.allowedBlocks = blocks } }
    },
    AnnotationDefinition(
        "limit-rate", .number, default: "0",
        "How many kilobytes of a response go to the client in a second; 0 sets no limit."
    ) { value, policy, _ throws(ValueFault) in
        let kilobytes = UInt64(try ValueParser.count(value))
        policy.features.limiting { $0.responseBytesPerSecond = kilobytes << 10 }
    },
    AnnotationDefinition(
        "limit-rate-after", .number, default: "0", "The first kilobytes, which limit-rate does not hold back."
    ) { value, policy, _ throws(ValueFault) in
        let kilobytes = UInt64(try ValueParser.count(value))
        policy.features.limiting { $0.responseRateAfterBytes = kilobytes << 10 }
    },
]

let rateLimitOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "limit-rate", .number, default: "0", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        let kilobytes = UInt64(try ValueParser.count(value))
        options.defaults.features.limiting { $0.responseBytesPerSecond = kilobytes << 10 }
    },
    GlobalOptionDefinition(
        "limit-rate-after", .number, default: "0", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        let kilobytes = UInt64(try ValueParser.count(value))
        options.defaults.features.limiting { $0.responseRateAfterBytes = kilobytes << 10 }
    },
    GlobalOptionDefinition(
        "limit-conn-zone-variable", .template, default: "$binary_remote_addr",
        "What clients are told apart by; where it is empty a request is not limited."
    ) { value, options throws(ValueFault) in
        options.settings.limitKey = try ValueParser.template(value, syntax: .variables)
    },
    GlobalOptionDefinition(
        "limit-req-status-code", .number, default: "503", "The status of a request beyond limit-rps or limit-rpm."
    ) { value, options throws(ValueFault) in
        options.settings.limitRequestsStatus = try errorStatus(value)
    },
    GlobalOptionDefinition(
        "limit-conn-status-code", .number, default: "503", "The status of a request beyond limit-connections."
    ) { value, options throws(ValueFault) in
        options.settings.limitConnectionsStatus = try errorStatus(value)
    },
]

private func errorStatus(_ value: String) throws(ValueFault) -> UInt32 {
    let status = try ValueParser.count(value)
    guard (400...599).contains(status) else { throw ValueFault("must be 400 to 599, not '\(value)'") }
    return status
}

extension RouteFeatures {
    mutating func limiting(_ change: (inout RateLimits) -> Void) {
        var policy = limits ?? RateLimits()
        change(&policy)
        limits = policy == RateLimits() ? nil : policy
    }
}
