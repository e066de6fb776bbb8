/// Connections to endpoints.
let upstreamOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "upstream-keepalive-connections", .number, default: "320",
        "How many idle connections a worker keeps to each upstream; behind a burst, up to four times as many for a second."
    ) { value, options throws(ValueFault) in
        options.settings.upstreamKeepAliveConnections = try ValueParser.count(value)
    },
    GlobalOptionDefinition(
        "upstream-keepalive-timeout", .seconds, default: "60", "How long an idle connection to an endpoint is kept."
    ) { value, options throws(ValueFault) in
        options.settings.upstreamKeepAliveTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "upstream-keepalive-requests", .number, default: "10000", "How many requests such a connection may carry."
    ) { value, options throws(ValueFault) in
        options.settings.upstreamKeepAliveRequests = try ValueParser.count(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "upstream-keepalive-time", .time, default: "1h", "How long such a connection is used at most."
    ) { value, options throws(ValueFault) in
        options.settings.upstreamKeepAliveTimeMilliseconds = try ValueParser.time(value)
    },
    GlobalOptionDefinition(
        "service-upstream", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.usesServiceAddress = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "proxy-ssl-location-only", .bool, default: "false",
        "Whether the proxy-ssl annotations of an Ingress leave the other Ingresses of its hosts alone, which take them over where they have none."
    ) { value, options throws(ValueFault) in
        options.sharesUpstreamTLS = try !ValueParser.bool(value)
    },
]
