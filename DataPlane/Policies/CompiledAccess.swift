import EventLoop
import HTTPCore
import PorticoModel

/// `AccessPolicy`, ready.
package final class CompiledAccess {
    package let addressRules: AddressRules
    private let methodLimits: [(methods: [[UInt8]], rules: AddressRules)]
    package let satisfiesAny: Bool
    package let password: CompiledPassword?
    package let external: CompiledExternalAuthentication?
    /// External authentication is asked for and cannot be done: nobody passes.
    package let isBroken: Bool

    init(_ policy: AccessPolicy, custom: inout CustomVariables) {
        addressRules = AddressRules(policy.addressRules)
        methodLimits = policy.methodLimits.map { limit in
            let methods = limit.methods + (limit.methods.contains("GET") ? ["HEAD"] : [])
            return (methods.map { Array($0.utf8) }, AddressRules(limit.rules))
        }
        satisfiesAny = policy.satisfiesAny
        password = policy.password.map { CompiledPassword($0) }
        external = policy.external.flatMap { CompiledExternalAuthentication($0, custom: &custom) }
        isBroken = policy.external != nil && external == nil
    }

    package var hasAddressRules: Bool { !addressRules.isEmpty || !methodLimits.isEmpty }

    /// Whether address rules let a client in.
    package func allows(_ address: SocketAddress, method: UnsafeRawBufferPointer) -> Bool {
        guard addressRules.allows(address) else { return false }
        return methodLimits.allSatisfy { limit in
            limit.methods.contains { method.elementsEqual($0) } || limit.rules.allows(address)
        }
    }
}

/// `PasswordAuthentication`, ready.
package final class CompiledPassword {
    package let secret: LiveObjectName
    package let realm: [UInt8]
    package let isDigest: Bool

    init(_ policy: PasswordAuthentication) {
        secret = LiveObjectName(kind: .passwords, name: policy.secret)
        realm = Array(policy.realm.utf8)
        isDigest = policy.isDigest
    }

    /// The value of a WWW-Authenticate field for basic authentication (RFC 7617).
    package func writeChallenge(to writer: inout ByteWriter) {
        writer.append("Basic realm=\"")
        for byte in realm where byte >= 0x20 && byte != 0x7F {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { writer.append(UInt8(ascii: "\\")) }
            writer.append(byte)
        }
        writer.append("\"")
    }
}

/// `ExternalAuthentication`, ready.
package final class CompiledExternalAuthentication {
    package let target: CompiledTarget
    package let method: [UInt8]
    package let signInURL: CompiledTemplate?
    package let responseHeaders: [[UInt8]]
    package let requestRedirect: CompiledTemplate?
    package let setHeaders: [CompiledAssignment]
    package let alwaysSetsCookie: Bool
    package let cacheKey: CompiledTemplate?
    private let cacheDurations: [CacheDuration]
    package let keepAliveConnections: UInt32
    package let snippet: CompiledSnippet?

    init?(_ policy: ExternalAuthentication, custom: inout CustomVariables) {
        guard let target = policy.target.flatMap({ CompiledTarget($0, custom: &custom) }) else { return nil }
        self.target = target
        method = Array(policy.method.utf8)
        signInURL = CompiledTemplate(unlessEmpty: policy.signInURL, custom: &custom)
        responseHeaders = policy.responseHeaders.map { Array($0.lowercased().utf8) }
        requestRedirect = CompiledTemplate(unlessEmpty: policy.requestRedirect, custom: &custom)
        setHeaders = CompiledAssignment.list(policy.setHeaders, custom: &custom)
        alwaysSetsCookie = policy.alwaysSetsCookie
        cacheKey = CompiledTemplate(unlessEmpty: policy.cacheKey, custom: &custom)
        cacheDurations = policy.cacheDurations
        keepAliveConnections = policy.keepAliveConnections
        snippet = policy.snippet.map { CompiledSnippet($0, custom: &custom) }
    }

    /// How long an answer with that status is kept, in milliseconds; nil where it is not.
    package func cacheDuration(of status: Int) -> UInt64? {
        let found = cacheDurations.first { $0.statuses.isEmpty || $0.statuses.contains(UInt32(status)) }
        return found.map { UInt64($0.milliseconds) }
    }
}

/// `RateLimits`, ready.
package final class CompiledLimits {
    /// Tells the Ingress's buckets from those of others.
    package let zone: UInt64
    package let perSecond: RateLimit?
    package let perMinute: RateLimit?
    package let connections: UInt32
    package let responseBytesPerSecond: UInt64
    package let responseRateAfterBytes: UInt64
    private let allowed: AddressBlocks

    init(_ policy: RateLimits, ingress: ObjectName) {
        let burst = policy.burstMultiplier
        func scaled(_ rate: UInt32) -> UInt32 { UInt32(clamping: UInt64(rate) * UInt64(burst)) }
        perSecond =
            policy.requestsPerSecond == 0
            ? nil : RateLimit(requestsPerSecond: policy.requestsPerSecond, burst: scaled(policy.requestsPerSecond))
        perMinute =
            policy.requestsPerMinute == 0
            ? nil : RateLimit(requestsPerMinute: policy.requestsPerMinute, burst: scaled(policy.requestsPerMinute))
        connections = policy.connections
        responseBytesPerSecond = policy.responseBytesPerSecond
        responseRateAfterBytes = policy.responseRateAfterBytes
        allowed = AddressBlocks(policy.allowedBlocks)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in Array(ingress.namespace.utf8) + [0] + Array(ingress.name.utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        zone = hash
    }

    package var countsRequests: Bool { perSecond != nil || perMinute != nil || connections > 0 }

    package func limits(_ address: SocketAddress) -> Bool { countsRequests && !allowed.contains(address) }
}
