/// What a route does with request bodies.
let requestBodyAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-body-size", .size, risk: .medium, default: "1m", "The largest request body; 0 sets no limit."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.maximumBodyBytes = try ValueParser.size(value)
    },
    AnnotationDefinition(
        "client-body-buffer-size", .size, default: "8k",
        "How much of a buffered request body stays in memory; the rest goes to a temporary file."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.bodyBufferBytes = try ValueParser.bufferSize(value)
    },
    AnnotationDefinition(
        "proxy-request-buffering", .onOff, default: "on",
        "Whether a request body is read whole before it is sent on."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.buffersRequests = try ValueParser.onOff(value)
    },
]
