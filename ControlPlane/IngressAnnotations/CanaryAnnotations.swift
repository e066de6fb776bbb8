import PorticoModel

/// Ingresses that take a share of another one's requests.
let canaryAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "canary", .bool, scope: .ingress, default: "false",
        "The Ingress takes a share of the requests of the Ingress with the same host and path, whose policies hold. There "
            + "may be several."
    ) { value, policy, _ throws(ValueFault) in
        policy.isCanary = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "canary-weight", .number, scope: .ingress, default: "0", "How many of canary-weight-total requests it takes."
    ) { value, policy, _ throws(ValueFault) in
        policy.canary.weight = try ValueParser.count(value)
        if policy.canary.weight > 0 { policy.canaryIsConfigured = true }
    },
    AnnotationDefinition(
        "canary-weight-total", .number, scope: .ingress, default: "100", "What canary-weight is a part of."
    ) { value, policy, _ throws(ValueFault) in
        policy.canary.weightTotal = try ValueParser.count(value, atLeast: 1)
    },
    AnnotationDefinition(
        "canary-by-header", .string, scope: .ingress, risk: .medium, default: "",
        "A header whose value `always` or `never` decides before cookie and weight."
    ) { value, policy, _ throws(ValueFault) in
        policy.canary.header = value.isEmpty ? "" : try ValueParser.headerName(try TextSyntax.basic.check(value))
        if !value.isEmpty { policy.canaryIsConfigured = true }
    },
    AnnotationDefinition(
        "canary-by-header-value", .string, scope: .ingress, risk: .medium, default: "",
        "The header's value that decides for the canary, in place of `always`."
    ) { value, policy, _ throws(ValueFault) in
        policy.canary.headerValue = try TextSyntax.basic.check(value)
    },
    AnnotationDefinition(
        "canary-by-header-pattern", .string, scope: .ingress, risk: .medium, default: "",
        "A regular expression for the header's value; canary-by-header-value goes before it."
    ) { value, policy, _ throws(ValueFault) in
        policy.canary.headerPattern = try ValueParser.regex(value)
    },
    AnnotationDefinition(
        "canary-by-cookie", .string, scope: .ingress, risk: .medium, default: "",
        "A cookie whose value `always` or `never` decides before the weight."
    ) { value, policy, _ throws(ValueFault) in
        policy.canary.cookie = value.isEmpty ? "" : try ValueParser.headerName(try TextSyntax.basic.check(value))
        if !value.isEmpty { policy.canaryIsConfigured = true }
    },
]
