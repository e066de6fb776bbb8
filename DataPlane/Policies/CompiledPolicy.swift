import HTTPCore
import Patterns
import PorticoModel

/// A route's features as the data plane uses them: templates, patterns and lists made ready when a table is built. Immutable.
///
/// A route without features has none of these, and pays one branch.
package final class CompiledPolicy {
    /// Broken parts that protect the route make every request 503.
    package let isWithheld: Bool
    package let access: CompiledAccess?
    package let limits: CompiledLimits?
    package let rewrite: CompiledRewrite?
    package let redirect: CompiledRedirect?
    package let snippet: CompiledSnippet?
    package let balancing: CompiledBalancing?
    package let affinity: AffinityRule?
    package let canaries: [CanaryRule]
    package let headers: CompiledHeaders?
    package let crossOrigin: CORSPolicy?
    package let responseRewriting: CompiledResponseRewriting?
    package let errorPages: CompiledErrorPages?
    package let mirror: CompiledMirror?
    package let fastCGI: CompiledFastCGI?
    package let upstreamTLS: CompiledUpstreamTLS?
    package let tracing: CompiledTracing?
    /// The variables that directives of this route set, in order of their numbers.
    package let customVariables: [String]
    package var customVariableCount: Int { customVariables.count }
    package let firewall: CompiledFirewall?

    /// - Returns: nil where the route has no features: nothing more is to be done for it.
    package init?(_ policy: RoutePolicy, route: Route) {
        guard policy.hasFeatures || policy.isWithheld || policy.tracesRequests || !route.alternatives.isEmpty else {
            return nil
        }
        let features = policy.features
        var custom = CustomVariables(features.snippet?.variables ?? [])
        isWithheld = policy.isWithheld
        access = features.access.map { CompiledAccess($0, custom: &custom) }
        limits = features.limits.map { CompiledLimits($0, ingress: route.ingress) }
        rewrite = features.rewrite.map { CompiledRewrite($0, custom: &custom) }
        redirect = features.redirect.flatMap { CompiledRedirect($0, custom: &custom) }
        snippet = features.snippet.map { CompiledSnippet($0, custom: &custom) }
        balancing = features.balancing.flatMap { CompiledBalancing($0, custom: &custom) }
        affinity = features.affinity.map { AffinityRule($0, path: route.match.isRegex ? "/" : route.path) }
        canaries = route.alternatives.map { CanaryRule($0) }
        headers = features.headers.map { CompiledHeaders($0, custom: &custom) }
        crossOrigin = features.crossOrigin.map { CORSPolicy($0) }
        responseRewriting = features.responseRewriting.map { CompiledResponseRewriting($0, custom: &custom) }
        errorPages = features.errorPages.map { CompiledErrorPages($0) }
        mirror = features.mirror.flatMap { CompiledMirror($0, custom: &custom) }
        fastCGI = features.fastCGI.map { CompiledFastCGI($0, custom: &custom) }
        upstreamTLS = features.upstreamTLS.map { CompiledUpstreamTLS($0) }
        tracing = policy.tracesRequests ? CompiledTracing(policy, custom: &custom) : nil
        firewall = features.firewall.map { CompiledFirewall($0, custom: &custom) }
        customVariables = custom.names
    }
}

/// `RewritePolicy`, ready.
package final class CompiledRewrite {
    package let target: RewriteRule?
    package let applicationRoot: CompiledTemplate?
    package let forwardedPrefix: CompiledTemplate?
    package let upstreamHost: CompiledTemplate?

    init(_ policy: RewritePolicy, custom: inout CustomVariables) {
        target = policy.target.isEmpty ? nil : RewriteRule(policy.target, custom: &custom)
        applicationRoot = CompiledTemplate(unlessEmpty: policy.applicationRoot, custom: &custom)
        forwardedPrefix = CompiledTemplate(unlessEmpty: policy.forwardedPrefix, custom: &custom)
        upstreamHost = CompiledTemplate(unlessEmpty: policy.upstreamHost, custom: &custom)
    }
}

/// `RedirectPolicy`, ready.
package final class CompiledRedirect {
    package let status: Int
    package let location: CompiledTemplate

    init?(_ policy: RedirectPolicy, custom: inout CustomVariables) {
        guard let location = CompiledTemplate(policy.location, custom: &custom) else { return nil }
        self.location = location
        status = (300...308).contains(policy.status) ? Int(policy.status) : 302
    }
}

/// `FastCGIPolicy`, ready.
package final class CompiledFastCGI {
    package let index: String
    package let parameters: [CompiledAssignment]

    init(_ policy: FastCGIPolicy, custom: inout CustomVariables) {
        index = policy.index
        parameters = CompiledAssignment.list(policy.parameters, custom: &custom)
    }
}

/// What a policy says about tracing, ready.
package final class CompiledTracing {
    package let trustsIncomingSpan: Bool
    /// Nil: the method and the route's path.
    package let name: CompiledTemplate?

    init(_ policy: RoutePolicy, custom: inout CustomVariables) {
        trustsIncomingSpan = policy.trustsIncomingSpan
        name = CompiledTemplate(unlessEmpty: policy.features.spanName, custom: &custom)
    }
}

/// `BalancingPolicy`, ready.
package final class CompiledBalancing {
    package let algorithm: BalancingAlgorithm
    package let hashKey: CompiledTemplate?
    package let subsetSize: Int

    init?(_ policy: BalancingPolicy, custom: inout CustomVariables) {
        guard policy.algorithm != .roundRobin else { return nil }
        algorithm = policy.algorithm
        hashKey = policy.algorithm == .hash ? CompiledTemplate(policy.hashKey, custom: &custom) : nil
        subsetSize = Int(policy.subsetSize)
    }
}

/// A header and its value's template.
package struct CompiledAssignment {
    package let name: [UInt8]
    package let value: CompiledTemplate

    /// Assignments whose value is no template are left out; the compiler reports them.
    package static func list(_ list: [HeaderAssignment], custom: inout CustomVariables) -> [CompiledAssignment] {
        var result: [CompiledAssignment] = []
        for assignment in list {
            guard let value = CompiledTemplate(assignment.value, custom: &custom) else { continue }
            result.append(CompiledAssignment(name: Array(assignment.name.utf8), value: value))
        }
        return result
    }
}

/// `HeaderPolicy`, ready.
package final class CompiledHeaders {
    package let requestHeaders: [CompiledAssignment]
    package let responseHeaders: [CompiledAssignment]
    package let hiddenHeaders: [[UInt8]]
    package let connectionHeader: CompiledTemplate?

    init(_ policy: HeaderPolicy, custom: inout CustomVariables) {
        requestHeaders = CompiledAssignment.list(policy.requestHeaders, custom: &custom)
        responseHeaders = CompiledAssignment.list(policy.responseHeaders, custom: &custom)
        hiddenHeaders = policy.hiddenHeaders.map { Array($0.utf8) }
        connectionHeader = CompiledTemplate(unlessEmpty: policy.connectionHeader, custom: &custom)
    }
}

/// `ResponseRewriting`, ready.
package final class CompiledResponseRewriting {
    package let cookieDomains: [CookieAttributeRule]
    package let cookiePaths: [CookieAttributeRule]
    package let locations: [LocationRule]

    init(_ policy: ResponseRewriting, custom: inout CustomVariables) {
        func rules(_ attribute: CookieAttributeRule.Attribute, _ list: [TextReplacement]) -> [CookieAttributeRule] {
            list.compactMap { CookieAttributeRule(attribute, $0, custom: &custom) }
        }
        cookieDomains = rules(.domain, policy.cookieDomains)
        cookiePaths = rules(.path, policy.cookiePaths)
        var locations: [LocationRule] = []
        for rule in policy.locations {
            if let compiled = LocationRule(rule, custom: &custom) { locations.append(compiled) }
        }
        self.locations = locations
    }
}

/// `ErrorPagePolicy`, ready.
package final class CompiledErrorPages {
    private let statuses: Set<Int>
    package let upstream: String
    package let fallbackUpstream: String
    package let interceptsResponses: Bool

    init(_ policy: ErrorPagePolicy) {
        statuses = Set(policy.statuses.map { Int($0) })
        upstream = policy.upstream
        fallbackUpstream = policy.fallbackUpstream
        interceptsResponses = policy.interceptsResponses
    }

    package func replaces(_ status: Int) -> Bool { statuses.contains(status) }
}

/// `RemoteTarget`, ready.
package final class CompiledTarget {
    package let upstream: String
    package let usesTLS: Bool
    package let host: CompiledTemplate
    package let requestTarget: CompiledTemplate

    init?(_ target: RemoteTarget, custom: inout CustomVariables) {
        guard let host = CompiledTemplate(target.host, custom: &custom),
            let requestTarget = CompiledTemplate(target.requestTarget, custom: &custom)
        else { return nil }
        upstream = target.upstream
        usesTLS = target.usesTLS
        self.host = host
        self.requestTarget = requestTarget
    }
}

/// `MirrorPolicy`, ready.
package final class CompiledMirror {
    package let target: CompiledTarget
    package let sendsBody: Bool

    init?(_ policy: MirrorPolicy, custom: inout CustomVariables) {
        guard let target = policy.target.flatMap({ CompiledTarget($0, custom: &custom) }) else { return nil }
        self.target = target
        sendsBody = policy.sendsBody
    }
}

extension CompiledTemplate {
    /// - Returns: nil for an empty text, which stands for nothing to do, and for what is no template.
    package convenience init?(unlessEmpty text: String, custom: inout CustomVariables) {
        if text.isEmpty { return nil }
        self.init(text, custom: &custom)
    }
}
