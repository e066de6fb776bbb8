import PorticoModel

/// What the annotations and the ConfigMap say about ModSecurity.
struct FirewallChoices: Hashable, Sendable {
    var isOn = false
    var usesCoreRules = false
    var transactionID = ""
    /// The ConfigMap's, and behind it the Ingress's own.
    var texts: [SecRuleText] = []
    /// Of the Ingress's own text.
    var ignored: [String] = []
}

let firewallAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "enable-modsecurity", .bool, scope: .ingress, default: "false",
        "Whether requests go through ModSecurity's rules; by default these log and refuse nothing.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.firewall.isOn = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "enable-owasp-core-rules", .bool, scope: .ingress, default: "false",
        "Whether the OWASP core rules are among them.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        if try ValueParser.bool(value) { policy.firewall.usesCoreRules = true }
    },
    AnnotationDefinition(
        "modsecurity-transaction-id", .template, scope: .ingress, risk: .high, default: "",
        "What a request is called in the rules' log lines; its X-Request-ID unless said."
    ) { value, policy, _ throws(ValueFault) in
        policy.firewall.transactionID = try ValueParser.template(value)
    },
    AnnotationDefinition(
        "modsecurity-snippet", .snippet, scope: .ingress, risk: .critical, default: "",
        "Rules of the Ingress, as `SecRuleEngine On`, behind those of the ConfigMap. They may not touch files.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        let text = try SecRuleText(value)
        policy.firewall.texts.append(text)
        policy.firewall.ignored = text.ignored
    },
]

let firewallOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "enable-modsecurity", .bool, default: "false", "As the annotation, for every route."
    ) { value, options throws(ValueFault) in
        options.defaults.firewall.isOn = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "enable-owasp-modsecurity-crs", .bool, default: "false", "As enable-owasp-core-rules, for every route."
    ) { value, options throws(ValueFault) in
        options.defaults.firewall.usesCoreRules = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "modsecurity-snippet", .snippet, default: "", "Rules for every route that goes through any."
    ) { value, options throws(ValueFault) in
        do throws(ValueFault) {
            let text = try SecRuleText(value)
            options.defaults.firewall.texts = text == SecRuleText() ? [] : [text]
            guard text.ignored.isEmpty else {
                throw ValueFault(text.ignored.joined(separator: ", "), consequence: "this is left out")
            }
        } catch {
            guard options.defaults.firewall.texts.isEmpty else { throw error }
            // Whoever wrote rules counts on requests being refused.
            options.defaults.route.isWithheld = true
            throw ValueFault(error.reason, consequence: "requests are answered with 503")
        }
    },
]

extension IngressPolicy {
    mutating func completeFirewall() -> [PolicyFault] {
        features.firewall = nil
        guard firewall.isOn else { return [] }
        var policy = FirewallPolicy()
        policy.rules = firewall.texts.map(\.rules).joined()
        policy.usesCoreRules = firewall.usesCoreRules || firewall.texts.contains(where: \.usesCoreRules)
        policy.transactionID = firewall.transactionID
        features.firewall = policy
        guard !firewall.ignored.isEmpty else { return [] }
        return [
            PolicyFault(
                key: "modsecurity-snippet", reason: "has no effect here: " + firewall.ignored.joined(separator: ", "),
                consequence: "the rest of it counts")
        ]
    }
}
