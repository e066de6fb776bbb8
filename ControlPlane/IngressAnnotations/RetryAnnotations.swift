/// When a request is tried again on another endpoint.
let retryAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-next-upstream", .conditions, risk: .medium, default: "error timeout",
        "The outcomes after which a request is tried on another endpoint; off never does."
    ) { value, policy, options throws(ValueFault) in
        policy.route.retryConditions = options.completed(try ValueParser.retryConditions(value))
    },
    AnnotationDefinition(
        "proxy-next-upstream-timeout", .seconds, default: "0",
        "No new attempt starts after this time; 0 sets no limit."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.retryTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 0)
    },
    AnnotationDefinition(
        "proxy-next-upstream-tries", .number, default: "3",
        "How many attempts a request gets in all; 0 sets no limit but the number of endpoints."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.retryTries = try ValueParser.count(value)
    },
]
