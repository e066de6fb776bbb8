/// TCP and UDP services.
let streamOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "proxy-stream-timeout", .time, default: "600s",
        "How long a TCP or UDP service's session may be silent on both sides."
    ) { value, options throws(ValueFault) in
        let time = try ValueParser.time(value)
        guard time > 0 else { throw ValueFault("must be more than nothing") }
        options.stream.idleMilliseconds = time
    },
    GlobalOptionDefinition(
        "proxy-stream-next-upstream", .bool, default: "true",
        "Whether a TCP or UDP service's session goes to another endpoint where one cannot be reached."
    ) { value, options throws(ValueFault) in
        options.stream.triesNextEndpoint = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "proxy-stream-next-upstream-timeout", .time, default: "600s",
        "How long other endpoints are tried for one session; 0 is no limit."
    ) { value, options throws(ValueFault) in
        options.stream.retryMilliseconds = try ValueParser.time(value)
    },
    GlobalOptionDefinition(
        "proxy-stream-next-upstream-tries", .number, default: "3",
        "How many endpoints are tried for one session; 0 is all of them."
    ) { value, options throws(ValueFault) in
        options.stream.tries = try ValueParser.count(value)
    },
    GlobalOptionDefinition(
        "proxy-stream-responses", .number, default: "1",
        "How many datagrams an endpoint answers to each of a client; then the session ends. 0 leaves that to the timeout."
    ) { value, options throws(ValueFault) in
        options.stream.responses = try ValueParser.count(value)
    },
]
