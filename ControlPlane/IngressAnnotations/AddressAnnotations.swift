import PorticoModel

/// What the address lists say; nil where nothing does.
struct AddressLists: Hashable, Sendable {
    var allowed: [String]?
    var denied: [String]?
    var satisfiesAny = false
}

/// Who may use a route, by address.
let addressAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "allowlist-source-range", .addresses, risk: .medium, default: "",
        "Clients elsewhere get 403; goes before whitelist-source-range.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        if !value.isEmpty { policy.lists.allowed = try ValueParser.addressBlocks(value) }
    },
    AnnotationDefinition(
        "whitelist-source-range", .addresses, risk: .medium, default: "",
        "The older name of allowlist-source-range.", faults: .withholdsRoutes
    ) { value, policy, options throws(ValueFault) in
        let blocks = try ValueParser.addressBlocks(value)
        if !value.isEmpty, policy.lists.allowed == options.defaults.lists.allowed { policy.lists.allowed = blocks }
    },
    AnnotationDefinition(
        "denylist-source-range", .addresses, risk: .medium, default: "", "Clients in these blocks get 403.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        if !value.isEmpty { policy.lists.denied = try ValueParser.addressBlocks(value) }
    },
    AnnotationDefinition(
        "satisfy", .choice, default: "all",
        "`any`: one of address list and authentication is enough; `all`: each must hold."
    ) { value, policy, _ throws(ValueFault) in
        policy.lists.satisfiesAny = try ValueParser.choice(value, ["all": false, "any": true])
    },
]

let addressOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "whitelist-source-range", .addresses, default: "", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.lists.allowed = value.isEmpty ? nil : try ValueParser.addressBlocks(value)
    },
    GlobalOptionDefinition(
        "denylist-source-range", .addresses, default: "", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.lists.denied = value.isEmpty ? nil : try ValueParser.addressBlocks(value)
    },
]

extension IngressPolicy {
    /// Denied blocks first, then the allowed ones, then nobody: nginx's order, first match.
    mutating func completeAccess() {
        var rules = (lists.denied ?? []).map { AddressRule($0, allows: false) }
        if let allowed = lists.allowed {
            rules += allowed.map { AddressRule($0, allows: true) }
            rules += ["0.0.0.0/0", "::/0"].map { AddressRule($0, allows: false) }
        }
        guard !rules.isEmpty || lists.satisfiesAny || features.access != nil else { return }
        var access = features.access ?? AccessPolicy()
        access.addressRules = rules
        access.satisfiesAny = lists.satisfiesAny
        features.access = access == AccessPolicy() ? nil : access
    }
}

extension AddressRule {
    package init(_ block: String, allows: Bool) {
        self.init()
        self.block = block
        self.allows = allows
    }
}
