/// What a route leaves in the logs.
let loggingAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "enable-access-log", .bool, default: "true", "Whether the route's requests appear in the access log."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.logsAccess = try ValueParser.bool(value)
    }
]
