import PorticoModel

/// The external authentication of all routes that do not decline it.
package struct GlobalAuthenticationOptions: Hashable, Sendable {
    package internal(set) var choices = ExternalChoices()
    /// Paths that start with one of these are free of it.
    package internal(set) var freeLocations = ["/.well-known/acme-challenge"]
    package internal(set) var snippet = ""
    /// What is wrong with the address: then routes are withheld rather than open.
    package internal(set) var isBroken = false
}

let globalAuthenticationOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "global-auth-url", .url, default: "", "A service that is asked about the requests of all routes, as auth-url."
    ) { value, options throws(ValueFault) in
        guard !value.isEmpty else { return }
        do throws(ValueFault) {
            options.globalAuthentication.choices.address = try authenticationAddress(value)
        } catch {
            options.globalAuthentication.isBroken = true
            throw ValueFault(error.reason, consequence: "requests of all routes are answered with 503")
        }
    },
    GlobalOptionDefinition(
        "global-auth-method", .choice, default: "", "As auth-method."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.policy.method = try authenticationMethod(value)
    },
    GlobalOptionDefinition(
        "global-auth-signin", .url, default: "", "As auth-signin."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.signIn = try ValueParser.template(value, syntax: .urlWithVariables)
    },
    GlobalOptionDefinition(
        "global-auth-signin-redirect-param", .string, default: "rd", "As auth-signin-redirect-param."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.redirectParameter = try redirectParameter(value)
    },
    GlobalOptionDefinition(
        "global-auth-response-headers", .list, default: "", "As auth-response-headers."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.policy.responseHeaders = try headerNames(value)
    },
    GlobalOptionDefinition(
        "global-auth-request-redirect", .string, default: "", "As auth-request-redirect."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.policy.requestRedirect = try ValueParser.template(
            value, syntax: .urlWithVariables)
    },
    GlobalOptionDefinition(
        "global-auth-snippet", .snippet, default: "", "As auth-snippet."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.snippet = value
    },
    GlobalOptionDefinition(
        "global-auth-cache-key", .template, default: "", "As auth-cache-key."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.policy.cacheKey = try ValueParser.template(value, syntax: .variables)
    },
    GlobalOptionDefinition(
        "global-auth-cache-duration", .list, default: "200 202 401 5m", "As auth-cache-duration."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.durations = try cacheDurations(value)
    },
    GlobalOptionDefinition(
        "global-auth-always-set-cookie", .bool, default: "false", "As auth-always-set-cookie."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.choices.policy.alwaysSetsCookie = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "no-auth-locations", .list, default: "/.well-known/acme-challenge",
        "Paths that start with one of these need no global authentication."
    ) { value, options throws(ValueFault) in
        options.globalAuthentication.freeLocations = ValueParser.list(value)
    },
]
