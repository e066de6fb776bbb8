import PorticoModel

/// Errors that another service puts into words.
let errorPageAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "custom-http-errors", .statuses, default: "",
        "The statuses whose pages the default backend makes in place of the service."
    ) { value, policy, _ throws(ValueFault) in
        let statuses = try ValueParser.statuses(value)
        policy.features.errorPages = statuses.isEmpty ? nil : ErrorPagePolicy(statuses: statuses)
    },
    AnnotationDefinition(
        "default-backend", .objectName, default: "",
        "A service of the same namespace that takes requests while the route's own has no endpoints, and makes the pages of "
            + "custom-http-errors."
    ) { value, policy, _ throws(ValueFault) in
        policy.references.defaultBackend = try ValueParser.serviceName(value)
    },
    AnnotationDefinition(
        "disable-proxy-intercept-errors", .bool, default: "false",
        "Error responses of the endpoint itself are passed on as they are, whatever custom-http-errors says."
    ) { value, policy, _ throws(ValueFault) in
        policy.interceptsErrors = try !ValueParser.bool(value)
    },
]

extension ErrorPagePolicy {
    init(statuses: [UInt32]) {
        self.init()
        self.statuses = statuses
        interceptsResponses = true
    }
}
