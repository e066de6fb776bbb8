import PorticoModel

/// Paths on their way to the endpoint.
let rewriteAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "rewrite-target", .path, scope: .ingress, risk: .medium, default: "",
        "The path that the endpoint sees; `$1` and so on are captures of the path, and all paths of the host become "
            + "regular expressions."
    ) { value, policy, _ throws(ValueFault) in
        let target = try TextSyntax.path.check(value)
        policy.features.rewriting { $0.target = target }
    },
    AnnotationDefinition(
        "use-regex", .bool, default: "false",
        "The paths of the Ingress's hosts are regular expressions that take no notice of case; the longest goes first."
    ) { value, policy, _ throws(ValueFault) in
        policy.usesRegex = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "app-root", .path, risk: .medium, default: "", "Where a request for `/` is sent, with 302."
    ) { value, policy, _ throws(ValueFault) in
        let path = try TextSyntax.path.check(value)
        guard path.isEmpty || path.hasPrefix("/") else {
            throw ValueFault("must be an absolute path, not '\(value)'")
        }
        policy.features.rewriting { $0.applicationRoot = path }
    },
    AnnotationDefinition(
        "x-forwarded-prefix", .path, risk: .medium, default: "",
        "The value of X-Forwarded-Prefix towards the endpoint, where rewrite-target changes the path."
    ) { value, policy, _ throws(ValueFault) in
        let prefix = try TextSyntax.basic.check(value)
        policy.features.rewriting { $0.forwardedPrefix = prefix }
    },
    AnnotationDefinition(
        "upstream-vhost", .template, default: "", "The Host that the endpoint sees."
    ) { value, policy, _ throws(ValueFault) in
        let host = try ValueParser.template(value, syntax: .regex)
        policy.features.rewriting { $0.upstreamHost = host }
    },
    AnnotationDefinition(
        "server-alias", .list, scope: .ingress, risk: .high, default: "",
        "More hosts with the same routes; `*.` in front stands for one label. Regular expressions as names are refused."
    ) { value, policy, _ throws(ValueFault) in
        policy.aliases = try aliases(value)
    },
    .withoutEffect(
        "enable-rewrite-log", .bool, default: "false",
        "Concerns nginx's error log, into which it writes every rewriting."
    ) { value throws(ValueFault) in _ = try ValueParser.bool(value) },
]

private func aliases(_ value: String) throws(ValueFault) -> [String] {
    var found: [String] = []
    for part in ValueParser.list(try TextSyntax.regex.checkList(value)) {
        let host = part.lowercased()
        guard HostSyntax.isHost(host) else {
            throw ValueFault("'\(part)' is no host name", consequence: "there is no alias")
        }
        if !found.contains(host) { found.append(host) }
    }
    return found
}

extension RouteFeatures {
    mutating func rewriting(_ change: (inout RewritePolicy) -> Void) {
        var policy = rewrite ?? RewritePolicy()
        change(&policy)
        rewrite = policy == RewritePolicy() ? nil : policy
    }
}
