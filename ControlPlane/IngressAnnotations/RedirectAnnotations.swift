import PorticoModel

/// Redirects that take the place of the endpoint.
struct RedirectChoices: Hashable, Sendable {
    var temporal = ""
    var temporalStatus: UInt32 = 302
    var permanent = ""
    var permanentStatus: UInt32 = 301
}

let redirectAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "temporal-redirect", .url, risk: .medium, default: "",
        "Answers every request with a redirect to this URL; goes before permanent-redirect."
    ) { value, policy, _ throws(ValueFault) in
        policy.redirects.temporal = try redirectTarget(value)
    },
    AnnotationDefinition(
        "temporal-redirect-code", .number, default: "302", "The status of temporal-redirect, 300 to 308."
    ) { value, policy, _ throws(ValueFault) in
        policy.redirects.temporalStatus = try redirectStatus(value)
    },
    AnnotationDefinition(
        "permanent-redirect", .url, risk: .medium, default: "",
        "Answers every request with a redirect to this URL."
    ) { value, policy, _ throws(ValueFault) in
        policy.redirects.permanent = try redirectTarget(value)
    },
    AnnotationDefinition(
        "permanent-redirect-code", .number, default: "301", "The status of permanent-redirect, 300 to 308."
    ) { value, policy, _ throws(ValueFault) in
        policy.redirects.permanentStatus = try redirectStatus(value)
    },
    AnnotationDefinition(
        "from-to-www-redirect", .bool, default: "false",
        "Redirects from the host with `www.` to the one without or the other way round, unless an Ingress has that host."
    ) { value, policy, _ throws(ValueFault) in
        policy.redirectsBetweenWWW = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "relative-redirects", .bool, default: "false", "Redirects made here name a path instead of a URL."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.makesRelativeRedirects = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "use-port-in-redirects", .bool, default: "false",
        "Redirects made here name the port where it is not the scheme's own."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.namesPortInRedirects = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "preserve-trailing-slash", .bool, risk: .medium, default: "false",
        "The redirect to https keeps a slash at the end of the path."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.preservesTrailingSlash = try ValueParser.bool(value)
    },
]

private func redirectTarget(_ value: String) throws(ValueFault) -> String {
    let url = try ValueParser.template(value, syntax: .urlWithVariables)
    guard url.isEmpty || url.hasPrefix("http://") || url.hasPrefix("https://") else {
        throw ValueFault("must be a URL of http or https, not '\(value)'", consequence: "there is no redirect")
    }
    return url
}

private func redirectStatus(_ value: String) throws(ValueFault) -> UInt32 {
    let status = try ValueParser.count(value)
    guard (300...308).contains(status) else { throw ValueFault("must be 300 to 308, not '\(value)'") }
    return status
}

extension IngressPolicy {
    mutating func completeRedirects() {
        let (url, status) =
            redirects.temporal.isEmpty
            ? (redirects.permanent, redirects.permanentStatus) : (redirects.temporal, redirects.temporalStatus)
        guard !url.isEmpty else { return }
        var redirect = RedirectPolicy()
        (redirect.status, redirect.location) = (status, url)
        features.redirect = redirect
    }
}
