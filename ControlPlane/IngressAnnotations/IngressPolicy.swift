import PorticoModel

/// What the annotations of one Ingress mean, whatever their dialect.
package struct IngressPolicy: Hashable, Sendable {
    package var route = RoutePolicy()
    /// Send to the service's own address rather than to its endpoints.
    package var usesServiceAddress = false
    /// The Ingress wants a share of another one's requests, never routes of its own.
    package var isCanary = false

    package init() {}
}

/// What the ConfigMap means: the settings that reach the proxy, and those that only steer the compiler.
package struct GlobalOptions: Hashable, Sendable {
    package var settings = GlobalSettings()
    /// `retry-non-idempotent`: added to the conditions of every route that retries at all.
    package var retriesNonIdempotent = false
    /// `service-upstream`: the default of the annotation of that name.
    package var usesServiceAddress = false

    package init() {}

    /// What an Ingress without annotations gets.
    package var defaultPolicy: IngressPolicy {
        var policy = IngressPolicy()
        policy.route = settings.defaultPolicy
        policy.usesServiceAddress = usesServiceAddress
        return policy
    }

    package func completed(_ conditions: RetryConditions) -> RetryConditions {
        retriesNonIdempotent && !conditions.isEmpty ? conditions.union(.nonIdempotent) : conditions
    }
}
