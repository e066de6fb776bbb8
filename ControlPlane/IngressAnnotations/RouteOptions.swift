import PorticoModel

/// Routes and redirects.
let routeOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "custom-http-errors", .statuses, default: "", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        let statuses = try ValueParser.statuses(value)
        options.defaults.features.errorPages = statuses.isEmpty ? nil : ErrorPagePolicy(statuses: statuses)
    },
    GlobalOptionDefinition(
        "disable-proxy-intercept-errors", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.interceptsErrors = try !ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "http-redirect-code", .number, default: "308",
        "The status of redirects to the same request elsewhere, as to https: 301, 302, 307 or 308."
    ) { value, options throws(ValueFault) in
        let codes: [String: UInt32] = ["301": 301, "302": 302, "307": 307, "308": 308]
        options.settings.redirectStatus = try ValueParser.choice(value, codes)
    },
    GlobalOptionDefinition(
        "relative-redirects", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.makesRelativeRedirects = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "use-port-in-redirects", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.namesPortInRedirects = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "preserve-trailing-slash", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.preservesTrailingSlash = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "enable-opentelemetry", .bool, default: "false", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.tracesRequests = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "opentelemetry-trust-incoming-span", .bool, default: "true", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.trustsIncomingSpan = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "opentelemetry-operation-name", .template, default: "", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.features.spanName = try ValueParser.template(value, syntax: .spanName)
    },
]
