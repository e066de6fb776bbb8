/// How long a route waits for its upstream.
let timeoutAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-connect-timeout", .seconds, default: "5", "How long a connection to an endpoint may take."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.connectTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    AnnotationDefinition(
        "proxy-send-timeout", .seconds, default: "60", "The longest pause between two writes of a request."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.sendTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    AnnotationDefinition(
        "proxy-read-timeout", .seconds, default: "60", "The longest pause between two reads of a response."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.readTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
]
