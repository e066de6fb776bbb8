import PorticoModel

/// What the annotations of external authentication say.
package struct ExternalChoices: Hashable, Sendable {
    package internal(set) var address: WebAddress?
    /// `enable-global-auth`.
    package internal(set) var usesGlobal = true
    package internal(set) var policy = ExternalAuthentication()
    var signIn = ""
    var redirectParameter = ""
    var durations = ExternalChoices.standardDurations

    init() {
        policy.keepAliveRequests = 1_000
        policy.keepAliveTimeoutMilliseconds = 60_000
    }

    /// `200 202 401 5m`.
    static let standardDurations: [CacheDuration] = [CacheDuration([200, 202, 401], milliseconds: 300_000)]

    /// What is asked, but for the target, which the compiler resolves.
    package var authentication: ExternalAuthentication {
        var result = policy
        result.signInURL = signIn.isEmpty ? "" : signInURL
        result.cacheDurations = policy.cacheKey.isEmpty ? [] : durations
        return result
    }

    /// The sign-in page with the way back, unless the author wrote that in.
    private var signInURL: String {
        let parameter = redirectParameter.isEmpty ? "rd" : redirectParameter
        guard let query = signIn.firstIndex(of: "?") else {
            return "\(signIn)?\(parameter)=$pass_access_scheme://$http_host$escaped_request_uri"
        }
        let names = signIn[signIn.index(after: query)...].split(separator: "&").map { $0.prefix { $0 != "=" } }
        if names.contains(where: { $0 == parameter }) { return signIn }
        return "\(signIn)&\(parameter)=$pass_access_scheme://$http_host$escaped_request_uri"
    }
}

let externalAuthenticationAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "auth-url", .url, risk: .high, default: "",
        "A service that is asked whether a request may pass: 2xx lets it, 401 and 403 refuse it. `https://$host/…` asks the "
            + "route of that path here.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.external.address = value.isEmpty ? nil : try authenticationAddress(value)
    },
    AnnotationDefinition(
        "auth-method", .choice, default: "", "The method of that question; GET unless said.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.method = try authenticationMethod(value)
    },
    AnnotationDefinition(
        "auth-signin", .url, risk: .high, default: "", "Where a client that is refused with 401 is sent.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.external.signIn = try ValueParser.template(value, syntax: .urlWithVariables)
    },
    AnnotationDefinition(
        "auth-signin-redirect-param", .string, risk: .medium, default: "rd",
        "The parameter of that URL with the way back."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.redirectParameter = try redirectParameter(value)
    },
    AnnotationDefinition(
        "auth-response-headers", .list, risk: .medium, default: "",
        "Headers of the service's answer that the endpoint gets.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.responseHeaders = try headerNames(value)
    },
    AnnotationDefinition(
        "auth-request-redirect", .string, risk: .medium, default: "",
        "The value of X-Auth-Request-Redirect in the question."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.requestRedirect = try ValueParser.template(value, syntax: .urlWithVariables)
    },
    AnnotationDefinition(
        "auth-proxy-set-headers", .objectName, risk: .medium, default: "",
        "A ConfigMap whose keys and values are headers of the question.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        guard !value.isEmpty else { return }
        let (namespace, name) = try ValueParser.objectName(value)
        policy.references.authenticationHeaders = .init(
            key: "auth-proxy-set-headers", namespace: namespace, name: name)
    },
    AnnotationDefinition(
        "auth-always-set-cookie", .bool, default: "false",
        "The service's cookies go to the client whatever the response's status."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.alwaysSetsCookie = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "auth-cache-key", .template, risk: .medium, default: "", "Under what answers of the service are kept."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.cacheKey = try ValueParser.template(value, syntax: .variables)
    },
    AnnotationDefinition(
        "auth-cache-duration", .list, risk: .medium, default: "200 202 401 5m",
        "How long they are kept, by status.", faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.external.durations = try cacheDurations(value)
    },
    AnnotationDefinition(
        "auth-keepalive", .number, default: "0", "How many idle connections to the service are kept."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.keepAliveConnections = try ValueParser.count(value)
    },
    AnnotationDefinition(
        "auth-keepalive-requests", .number, default: "1000", "How many requests such a connection may carry."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.keepAliveRequests = try ValueParser.count(value, atLeast: 1)
    },
    AnnotationDefinition(
        "auth-keepalive-timeout", .seconds, default: "60", "How long such a connection is kept."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.keepAliveTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    AnnotationDefinition(
        "auth-keepalive-share-vars", .bool, default: "false",
        "The question sees the variables that the request set; here it always does."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.policy.keepAliveSharesVariables = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "enable-global-auth", .bool, default: "true", "Whether the ConfigMap's global-auth-url is asked."
    ) { value, policy, _ throws(ValueFault) in
        policy.external.usesGlobal = try ValueParser.bool(value)
    },
]

func authenticationAddress(_ value: String) throws(ValueFault) -> WebAddress {
    let address = try WebAddress(try ValueParser.template(value, syntax: .urlWithVariables))
    guard !address.namesVariable || ["$host", "${host}", "$http_host", "$server_name"].contains(address.host) else {
        throw ValueFault("the host may be no variable but $host, in '\(value)'")
    }
    return address
}

func authenticationMethod(_ value: String) throws(ValueFault) -> String {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", ""]
    return try ValueParser.choice(value, Dictionary(uniqueKeysWithValues: methods.map { ($0, $0) }))
}

func redirectParameter(_ value: String) throws(ValueFault) -> String {
    let name = try TextSyntax.url.check(value)
    guard !name.utf8.contains(where: { "&=?/:".utf8.contains($0) }) else {
        throw ValueFault("must be the name of a parameter, not '\(value)'")
    }
    return name == "rd" ? "" : name
}

func headerNames(_ value: String) throws(ValueFault) -> [String] {
    var names: [String] = []
    for name in ValueParser.list(try TextSyntax.headerList.check(value)) {
        names.append(try ValueParser.headerName(name))
    }
    return names
}

/// `200 202 401 5m, 404 1m`: statuses and how long.
func cacheDurations(_ value: String) throws(ValueFault) -> [CacheDuration] {
    var durations: [CacheDuration] = []
    for part in ValueParser.list(try TextSyntax.extended.check(value)) {
        let words = part.split(separator: " ").map(String.init)
        let codes = words.prefix { $0.utf8.count == 3 && UInt32($0) != nil }
        let fault = ValueFault("must be statuses and a time, as '200 401 5m', not '\(part)'")
        guard !words.isEmpty, codes.count < words.count else { throw fault }
        let time = try ValueParser.time(words[codes.count...].joined(separator: " "))
        durations.append(CacheDuration(codes.compactMap { UInt32($0) }, milliseconds: time))
    }
    return durations.isEmpty ? ExternalChoices.standardDurations : durations
}

extension CacheDuration {
    init(_ statuses: [UInt32], milliseconds: UInt32) {
        self.init()
        self.statuses = statuses
        self.milliseconds = milliseconds
    }
}
