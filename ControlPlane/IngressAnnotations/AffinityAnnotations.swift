import PorticoModel

/// What the annotations of session affinity say; they count where `affinity` is `cookie`.
struct AffinityChoices: Hashable, Sendable {
    var isByCookie = false
    var policy = SessionAffinity()
}

let affinityAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "affinity", .choice, scope: .ingress, default: "", "`cookie`: a cookie binds a client to an endpoint."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.isByCookie = try ValueParser.choice(value, ["cookie": true, "": false])
    },
    AnnotationDefinition(
        "affinity-mode", .choice, scope: .ingress, risk: .medium, default: "balanced",
        "`balanced` moves some sessions when endpoints are added; `persistent` moves none."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.mode = try ValueParser.choice(
            value, ["balanced": AffinityMode.balanced, "persistent": .persistent])
    },
    AnnotationDefinition(
        "affinity-canary-behavior", .choice, scope: .ingress, default: "sticky",
        "`sticky` keeps sessions on their side of a canary; `legacy` does not."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.ignoresCanaries = try ValueParser.choice(value, ["sticky": false, "legacy": true])
    },
    AnnotationDefinition(
        "session-cookie-name", .string, scope: .ingress, risk: .medium, default: "INGRESSCOOKIE",
        "The cookie's name."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.cookieName = try ValueParser.headerName(try TextSyntax.basic.check(value))
    },
    AnnotationDefinition(
        "session-cookie-path", .path, scope: .ingress, risk: .medium, default: "",
        "The cookie's Path: the route's own path unless said; needed where paths are regular expressions."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.cookiePath = try TextSyntax.url.check(value)
    },
    AnnotationDefinition(
        "session-cookie-domain", .string, scope: .ingress, risk: .medium, default: "", "The cookie's Domain."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.cookieDomain = try TextSyntax.basic.check(value)
    },
    AnnotationDefinition(
        "session-cookie-expires", .number, scope: .ingress, risk: .medium, default: "",
        "How many seconds from now the cookie's Expires is."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.expiresSeconds = value.isEmpty ? 0 : UInt64(try ValueParser.count(value))
    },
    AnnotationDefinition(
        "session-cookie-max-age", .number, scope: .ingress, risk: .medium, default: "",
        "The cookie's Max-Age in seconds."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.maximumAgeSeconds = value.isEmpty ? 0 : UInt64(try ValueParser.count(value))
    },
    AnnotationDefinition(
        "session-cookie-samesite", .choice, scope: .ingress, default: "", "The cookie's SameSite: None, Lax or Strict."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.sameSite = try ValueParser.choice(
            value.lowercased(), ["": SameSite.absent, "none": .none, "lax": .lax, "strict": .strict])
    },
    AnnotationDefinition(
        "session-cookie-conditional-samesite-none", .bool, scope: .ingress, default: "false",
        "Leaves SameSite=None out for browsers that misunderstand it."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.omitsSameSiteNone = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "session-cookie-secure", .bool, scope: .ingress, default: "",
        "`true`: the cookie is always Secure; else where the request came over TLS."
    ) { value, policy, _ throws(ValueFault) in
        let isAlways = value.isEmpty ? false : try ValueParser.bool(value)
        policy.affinity.policy.secure = isAlways ? .always : .automatic
    },
    AnnotationDefinition(
        "session-cookie-partitioned", .bool, scope: .ingress, default: "false",
        "Whether the cookie is Partitioned: kept apart for each site that embeds the host."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.isPartitioned = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "session-cookie-change-on-failure", .bool, scope: .ingress, default: "false",
        "A new endpoint and cookie after an attempt failed."
    ) { value, policy, _ throws(ValueFault) in
        policy.affinity.policy.changesOnFailure = try ValueParser.bool(value)
    },
]

extension IngressPolicy {
    /// What a canary's own Ingress says of the main one's affinity.
    package var ignoresCanaryAffinity: Bool { affinity.policy.ignoresCanaries }
}
