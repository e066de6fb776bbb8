/// HTTP/2 with clients.
let http2Options: [GlobalOptionDefinition] = [
    GlobalOptionDefinition("use-http2", .bool, default: "true", "Whether clients may speak HTTP/2.") {
        value, options throws(ValueFault) in
        options.settings.usesHTTP2 = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "http2-max-concurrent-streams", .number, default: "128",
        "How many requests of one HTTP/2 connection may be under way at once."
    ) { value, options throws(ValueFault) in
        options.settings.http2ConcurrentStreams = try ValueParser.count(value, atLeast: 1)
    },
]
