import PorticoModel

/// What the annotations of one Ingress mean, whatever their dialect.
///
/// Annotations are taken one by one in order of name, so families of several keep what they were told until `complete` puts
/// it together. What names another object stays a reference here; the compiler resolves it.
package struct IngressPolicy: Hashable, Sendable {
    /// The families that need nothing but their own values are complete after `complete`.
    package var route = RoutePolicy()
    /// Send to the service's own address rather than to its endpoints.
    package var usesServiceAddress = false
    /// Paths of the Ingress's hosts are regular expressions.
    package var usesRegex = false
    /// More hosts with the same routes.
    package var aliases: [String] = []
    /// The host with, or without, `www.` leads here.
    package var redirectsBetweenWWW = false
    /// The Ingress wants a share of another one's requests, never routes of its own.
    package var isCanary = false
    package var canary = RouteAlternative()
    package var canaryIsConfigured = false
    /// Why the Ingress may not be served at all.
    package var rejection: String?
    package var references = PolicyReferences()
    package var snippets = SnippetTexts()
    package var tls = IngressTLSPolicy()

    var redirects = RedirectChoices()
    var replacements = ReplacementChoices()
    var lists = AddressLists()
    var password = PasswordChoices()
    package internal(set) var external = ExternalChoices()
    var crossOrigin = CrossOriginChoices()
    var affinity = AffinityChoices()
    var hashing = HashingChoices()
    package internal(set) var mirror = MirrorChoices()
    var firewall = FirewallChoices()
    var interceptsErrors = true

    package init() {}

    package var features: RouteFeatures {
        get { route.features }
        set { route.features = newValue }
    }

    /// Puts families together whose annotations came one by one.
    ///
    /// - Returns: what does not fit together.
    package mutating func complete() -> [PolicyFault] {
        completeRedirects()
        completeReplacements()
        completeBalancing()
        completeAccess()
        completeCrossOrigin()
        if features.errorPages != nil || references.defaultBackend != nil {
            var pages = features.errorPages ?? ErrorPagePolicy()
            pages.interceptsResponses = interceptsErrors
            features.errorPages = pages
        }
        let faults = completeFirewall() + sessionFaults
        guard canaryIsConfigured, !isCanary else { return faults }
        return faults + [
            PolicyFault(
                key: "canary", reason: "canary annotations have no meaning without canary: \"true\"",
                consequence: "they are ignored")
        ]
    }
}

extension IngressPolicy {
    private var sessionFaults: [PolicyFault] {
        guard usesRegex, let affinity = features.affinity, affinity.cookiePath.isEmpty else { return [] }
        return [
            PolicyFault(
                key: "session-cookie-path", reason: "should be set where use-regex is true",
                consequence: "the cookie's Path is the regular expression as it is written")
        ]
    }
}

/// The objects that annotations name, which the compiler looks up.
package struct PolicyReferences: Hashable, Sendable {
    package struct Reference: Hashable, Sendable {
        package var key: String
        /// Nil: the Ingress's own.
        package var namespace: String?
        package var name: String
    }

    /// `auth-secret`.
    package var passwords: Reference?
    /// The Secret has a user per key rather than a file under `auth`.
    package var passwordsAreMap = false
    /// `custom-headers`: a ConfigMap.
    package var responseHeaders: Reference?
    /// `auth-proxy-set-headers`: a ConfigMap.
    package var authenticationHeaders: Reference?
    /// `fastcgi-params-configmap`: a ConfigMap.
    package var fastCGIParameters: Reference?
    /// `default-backend`: a Service of the same namespace.
    package var defaultBackend: String?
}

/// What is wrong with a family of annotations as a whole.
package struct PolicyFault: Hashable, Sendable {
    package var key: String
    package var reason: String
    package var consequence: String
}
