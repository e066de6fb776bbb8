/// Logs and traces of a route's requests.
let loggingAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "enable-access-log", .bool, default: "true", "Whether requests of the route are logged."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.logsAccess = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "enable-opentelemetry", .bool, default: "false", "Whether requests of the route are traced."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.tracesRequests = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "opentelemetry-trust-incoming-span", .bool, default: "true",
        "Whether the client's `traceparent` is continued; otherwise a trace begins here."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.trustsIncomingSpan = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "opentelemetry-operation-name", .template, risk: .medium, default: "", "The name of the route's spans."
    ) { value, policy, _ throws(ValueFault) in
        policy.features.spanName = try ValueParser.template(value, syntax: .spanName)
    },
    .withoutEffect(
        "http2-push-preload", .bool, default: "false", "Server push is gone from browsers and from HTTP/2 in practice."
    ) { value throws(ValueFault) in _ = try ValueParser.bool(value) },
]
