/// What routes do unless their Ingress says otherwise.
let policyOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "proxy-connect-timeout", .seconds, default: "5", "How long a connection to an endpoint may take."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.connectTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "proxy-send-timeout", .seconds, default: "60", "The longest pause between two writes of a request."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.sendTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "proxy-read-timeout", .seconds, default: "60", "The longest pause between two reads of a response."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.readTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "proxy-body-size", .size, default: "1m", "The largest request body; 0 sets no limit."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.maximumBodyBytes = try ValueParser.size(value)
    },
    GlobalOptionDefinition(
        "client-body-buffer-size", .size, default: "8k", "How much of a buffered request body stays in memory."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.bodyBufferBytes = try ValueParser.bufferSize(value)
    },
    GlobalOptionDefinition(
        "proxy-request-buffering", .onOff, default: "on",
        "Whether a request body is read whole before it is sent on."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.buffersRequests = try ValueParser.onOff(value)
    },
    GlobalOptionDefinition(
        "proxy-next-upstream", .conditions, default: "error timeout",
        "The outcomes after which a request is tried on another endpoint."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.retryConditions = try ValueParser.retryConditions(value)
    },
    GlobalOptionDefinition(
        "proxy-next-upstream-timeout", .seconds, default: "0",
        "No new attempt starts after this time; 0 sets no limit."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.retryTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 0)
    },
    GlobalOptionDefinition(
        "proxy-next-upstream-tries", .number, default: "3", "How many attempts a request gets in all."
    ) { value, options throws(ValueFault) in
        options.settings.defaultPolicy.retryTries = try ValueParser.count(value)
    },
    GlobalOptionDefinition(
        "retry-non-idempotent", .bool, default: "false",
        "Whether requests of methods that are not idempotent are tried again too."
    ) { value, options throws(ValueFault) in
        options.retriesNonIdempotent = try ValueParser.bool(value)
    },
]
