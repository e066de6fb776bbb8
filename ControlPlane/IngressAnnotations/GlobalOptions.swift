import PorticoModel

/// What the ConfigMap means: the settings that reach the proxy, and those that only steer the compiler.
package struct GlobalOptions: Hashable, Sendable {
    package var settings = GlobalSettings()
    /// `retry-non-idempotent`: added to the conditions of every route that retries at all.
    package var retriesNonIdempotent = false
    /// `service-upstream`: the default of the annotation of that name.
    package var usesServiceAddress = false
    /// Unless `proxy-ssl-location-only`: how an Ingress speaks TLS to endpoints counts for all routes of its hosts that do
    /// not say it themselves.
    package var sharesUpstreamTLS = true
    /// Of every TCP and UDP service.
    package var stream = StreamSettings()
    package var security = SecurityOptions()
    package var globalAuthentication = GlobalAuthenticationOptions()
    /// ConfigMaps whose keys and values are headers.
    package var requestHeaders: PolicyReferences.Reference?
    package var responseHeaders: PolicyReferences.Reference?
    /// Lower case; what `custom-headers` may set.
    package var allowedResponseHeaders: Set<String> = []
    /// Snippets of the ConfigMap itself, which hold for every host and every location.
    package var snippets = SnippetTexts()
    var tracing = TracingOptions()
    /// `ssl-session-ticket-key`: name, key of the MAC and key of the cipher; empty for keys of the control plane's own.
    package var ticketKey: [UInt8] = []
    /// `ssl-redirect`.
    var redirectsToTLS = true
    var transportSecurity = TransportSecurity()
    var logTemplate = ""
    var logEscaping = LogEscaping.standard
    var accessLogPath: String?
    var streamLogPath: String?
    var logsHTTP = true
    var syslog = SyslogChoices()
    var compression = CompressionChoices()

    /// The families of the default policy, but for its flat part, which is `settings.defaultPolicy`.
    private var families = IngressPolicy()

    package init() {}

    /// What an Ingress without annotations gets, before its families are completed.
    package var defaults: IngressPolicy {
        get {
            var policy = families
            policy.route = settings.defaultPolicy
            policy.features = families.features
            policy.usesServiceAddress = usesServiceAddress
            return policy
        }
        set {
            families = newValue
            families.route = RoutePolicy()
            families.features = newValue.features
            settings.defaultPolicy = newValue.route
            usesServiceAddress = newValue.usesServiceAddress
        }
    }

    /// What an Ingress without annotations gets.
    package var defaultPolicy: IngressPolicy {
        var policy = defaults
        _ = policy.complete()
        return policy
    }

    package func completed(_ conditions: RetryConditions) -> RetryConditions {
        retriesNonIdempotent && !conditions.isEmpty ? conditions.union(.nonIdempotent) : conditions
    }

    /// Whether an Ingress may mean something else by these than by others.
    package func bearsOnIngresses(differentlyFrom other: GlobalOptions) -> Bool {
        defaults != other.defaults || retriesNonIdempotent != other.retriesNonIdempotent || security != other.security
            || globalAuthentication != other.globalAuthentication || snippets != other.snippets
            || allowedResponseHeaders != other.allowedResponseHeaders
    }

    /// Whether the authors of Ingresses may do the same by both.
    func permitsAsMuch(as other: GlobalOptions) -> Bool {
        security == other.security && allowedResponseHeaders == other.allowedResponseHeaders
    }

    /// Puts families together whose keys came one by one.
    mutating func complete() {
        // The keys are read in order of name, and this one bears on an earlier one.
        settings.defaultPolicy.retryConditions = completed(settings.defaultPolicy.retryConditions)
        settings.defaultPolicy.features = defaultPolicy.features
        completeLog()
        settings.tracing.isExported = collector != nil
        compression.complete(&settings)
    }
}
