import PorticoModel

/// Where a snippet stands, which decides what its directives mean.
package enum SnippetContext: Hashable, Sendable {
    case server
    case location
    /// The location that asks the external authentication.
    case authentication
}

/// A directive that has no place in the policies.
package struct SnippetFinding: Hashable, Sendable {
    /// One-based, within the snippet.
    package var line: Int
    package var reason: String
    /// Without it, requests would pass that its author means to refuse.
    package var restricts: Bool
}

/// A `location` within a snippet.
package struct SnippetLocation: Hashable, Sendable {
    package var match: PathMatch
    package var path: String
    /// What holds there besides what holds around it.
    package var translation: SnippetTranslation
    package var line: Int
}

/// What a snippet means.
package struct SnippetTranslation: Hashable, Sendable {
    package var program = SnippetProgram()
    package var locations: [SnippetLocation] = []
    package var findings: [SnippetFinding] = []
    package var addressRules: [AddressRule] = []
    package var methodLimits: [MethodLimit] = []
    /// Directives whose values are fields of a route's policy, in order.
    package var settings: [PolicySetting] = []

    package init() {}

    package var isWithholding: Bool { findings.contains(where: \.restricts) }

    /// Translates a text.
    ///
    /// - Parameter variables: that other snippets of the same route set.
    package static func of(
        _ text: String, context: SnippetContext, variables: [String] = []
    ) -> SnippetTranslation {
        var translation = SnippetTranslation()
        guard text.utf8.contains(where: { $0 > 0x20 }) else { return translation }
        do throws(SnippetSyntaxError) {
            var translator = SnippetTranslator(context: context, variables: variables)
            translator.declare(try DirectiveParser.parse(text))
            translation = translator.result
        } catch {
            // What it was to refuse is unknown.
            translation.findings = [SnippetFinding(line: error.line, reason: error.reason, restricts: true)]
        }
        return translation
    }
}

/// A value of a directive that an annotation has too.
package enum PolicySetting: Hashable, Sendable {
    case connectTimeout(UInt32)
    case sendTimeout(UInt32)
    case readTimeout(UInt32)
    case buffersResponses(Bool)
    case responseBuffers(count: UInt32, bytes: UInt32)
    case responseBufferBytes(UInt32)
    case busyBufferBytes(UInt32)
    case maximumTemporaryFileBytes(UInt64)
    case buffersRequests(Bool)
    case usesHTTP10(Bool)
    case retryTries(UInt32)
    case retryTimeout(UInt32)
    case retryConditions(RetryConditions)
    case maximumBodyBytes(UInt64)
    case bodyBufferBytes(UInt32)
    case logsAccess(Bool)
    case satisfiesAny(Bool)
    case interceptsErrors(Bool)
    case responseRate(bytesPerSecond: UInt64)
    case responseRateAfter(bytes: UInt64)
    case cookieDomain(TextReplacement)
    case cookiePath(TextReplacement)
    case location(TextReplacement)
    case upstreamTLS(UpstreamTLSSetting)

    package func apply(to policy: inout RoutePolicy) {
        switch self {
        case .connectTimeout(let time): policy.connectTimeoutMilliseconds = time
        case .sendTimeout(let time): policy.sendTimeoutMilliseconds = time
        case .readTimeout(let time): policy.readTimeoutMilliseconds = time
        case .buffersResponses(let flag): policy.buffersResponses = flag
        case .responseBuffers(let count, let bytes):
            policy.responseBufferCount = count
            policy.responseBufferBytes = bytes
        case .responseBufferBytes(let bytes): policy.responseBufferBytes = bytes
        case .busyBufferBytes(let bytes): policy.busyBufferBytes = bytes
        case .maximumTemporaryFileBytes(let bytes): policy.maximumTemporaryFileBytes = bytes
        case .buffersRequests(let flag): policy.buffersRequests = flag
        case .usesHTTP10(let flag): policy.usesHTTP10Upstream = flag
        case .retryTries(let count): policy.retryTries = count
        case .retryTimeout(let time): policy.retryTimeoutMilliseconds = time
        case .retryConditions(let conditions): policy.retryConditions = conditions
        case .maximumBodyBytes(let bytes): policy.maximumBodyBytes = bytes
        case .bodyBufferBytes(let bytes): policy.bodyBufferBytes = bytes
        case .logsAccess(let flag): policy.logsAccess = flag
        case .upstreamTLS(let setting):
            guard policy.backendProtocol.usesTLS(clientUsesTLS: true) else { return }
            var tls = policy.features.upstreamTLS ?? UpstreamTLS()
            setting.apply(to: &tls)
            policy.features.upstreamTLS = tls
        default: applyFeature(to: &policy.features)
        }
    }

    private func applyFeature(to features: inout RouteFeatures) {
        var access = features.access ?? AccessPolicy()
        var limits = features.limits ?? RateLimits()
        var rewriting = features.responseRewriting ?? ResponseRewriting()
        switch self {
        case .satisfiesAny(let flag): access.satisfiesAny = flag
        case .interceptsErrors(let flag): features.errorPages?.interceptsResponses = flag
        case .responseRate(let bytes): limits.responseBytesPerSecond = bytes
        case .responseRateAfter(let bytes): limits.responseRateAfterBytes = bytes
        case .cookieDomain(let replacement): rewriting.cookieDomains.append(replacement)
        case .cookiePath(let replacement): rewriting.cookiePaths.append(replacement)
        case .location(let replacement): rewriting.locations.append(replacement)
        default: break
        }
        features.access = access == AccessPolicy() ? nil : access
        features.limits = limits == RateLimits() ? nil : limits
        features.responseRewriting = rewriting == ResponseRewriting() ? nil : rewriting
    }
}

extension SnippetProgram {
    /// Adds what another program does after this one.
    package mutating func append(_ other: SnippetProgram) {
        let (slots, base) = (merge(other.variables), UInt32(conditions.count))
        conditions += other.conditions
        for var operation in other.operations {
            if operation.guard > 0 { operation.guard += base }
            if operation.kind == .test { operation.index += base }
            if operation.kind == .set { operation.index = slots[Int(operation.index)] }
            operations.append(operation)
        }
        requestHeaders += other.requestHeaders.map { $0.shifted(by: base) }
        responseHeaders += other.responseHeaders.map { $0.shifted(by: base) }
        if !other.mediaType.isEmpty { mediaType = other.mediaType }
        guard let more = other.cache else { return }
        var directives = cache ?? CacheDirectives()
        directives.names += more.names
        directives.values += more.values
        cache = directives
    }

    /// - Returns: the slot of each name.
    private mutating func merge(_ names: [String]) -> [UInt32] {
        names.map { name in
            if let slot = variables.firstIndex(of: name) { return UInt32(slot) }
            variables.append(name)
            return UInt32(variables.count - 1)
        }
    }
}

extension SnippetHeader {
    fileprivate func shifted(by base: UInt32) -> SnippetHeader {
        var header = self
        if header.guard > 0 { header.guard += base }
        return header
    }
}
