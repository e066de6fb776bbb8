/// Which addresses an upstream consists of.
let upstreamAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "service-upstream", .bool, scope: .ingress, default: "false",
        "Send to the service's own address and leave the balancing to the cluster's network."
    ) { value, policy, _ throws(ValueFault) in
        policy.usesServiceAddress = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "canary", .bool, scope: .ingress, default: "false",
        "Marks an Ingress that takes a share of another one's requests; Portico leaves it out for now."
    ) { value, policy, _ throws(ValueFault) in
        policy.isCanary = try ValueParser.bool(value)
    },
]
