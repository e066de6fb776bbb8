import PorticoModel

/// What `upstream-hash-by` and its companions say.
struct HashingChoices: Hashable, Sendable {
    var key = ""
    var usesSubsets = false
    var subsetSize: UInt32 = 3
}

/// Which endpoint takes a request.
let balancingAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "load-balance", .choice, default: "round_robin",
        "round_robin, or ewma for the faster of two by a moving average."
    ) { value, policy, _ throws(ValueFault) in
        policy.features.balancing = try balancing(value)
    },
    AnnotationDefinition(
        "upstream-hash-by", .template, risk: .high, default: "",
        "Requests for which this is equal go to the same endpoint, by consistent hashing."
    ) { value, policy, _ throws(ValueFault) in
        policy.hashing.key = try ValueParser.template(value, syntax: .variables)
    },
    AnnotationDefinition(
        "upstream-hash-by-subset", .bool, default: "false",
        "The hash chooses a subset of the endpoints, and each request one of them."
    ) { value, policy, _ throws(ValueFault) in
        policy.hashing.usesSubsets = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "upstream-hash-by-subset-size", .number, default: "3", "How many endpoints such a subset has."
    ) { value, policy, _ throws(ValueFault) in
        policy.hashing.subsetSize = try ValueParser.count(value, atLeast: 1)
    },
    AnnotationDefinition(
        "service-upstream", .bool, scope: .ingress, default: "false",
        "Send to the service's own address and leave the balancing to the cluster's network."
    ) { value, policy, _ throws(ValueFault) in
        policy.usesServiceAddress = try ValueParser.bool(value)
    },
]

let balancingOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "load-balance", .choice, default: "round_robin", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.features.balancing = try balancing(value)
    }
]

private func balancing(_ value: String) throws(ValueFault) -> BalancingPolicy? {
    let algorithm = try ValueParser.choice(value, ["round_robin": BalancingAlgorithm.roundRobin, "ewma": .ewma])
    guard algorithm != .roundRobin else { return nil }
    var policy = BalancingPolicy()
    policy.algorithm = algorithm
    return policy
}

extension IngressPolicy {
    mutating func completeBalancing() {
        if !hashing.key.isEmpty {
            var balancing = BalancingPolicy()
            balancing.algorithm = .hash
            balancing.hashKey = hashing.key
            balancing.subsetSize = hashing.usesSubsets ? hashing.subsetSize : 0
            features.balancing = balancing
        }
        features.affinity = affinity.isByCookie ? affinity.policy : nil
    }
}
