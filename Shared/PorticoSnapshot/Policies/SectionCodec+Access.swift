internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: AddressRule, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__AddressRule>? {
        let message = arena.make(portico__snapshot__v1__address_rule__init)
        message.pointee.block = arena.text(value.block)
        message.pointee.allows = value.allows ? 1 : 0
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__AddressRule
    ) throws(SnapshotError) -> AddressRule {
        let reader = FieldReader(message: "AddressRule")
        var value = AddressRule()
        value.block = try reader.text(message.block, "block")
        value.allows = message.allows != 0
        return value
    }

    static func encode(
        _ value: MethodLimit, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__MethodLimit>? {
        let message = arena.make(portico__snapshot__v1__method_limit__init)
        message.pointee.n_methods = value.methods.count
        message.pointee.methods = arena.list(value.methods) { arena.text($0) }
        message.pointee.n_rules = value.rules.count
        message.pointee.rules = arena.list(value.rules) { encode($0, in: arena) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__MethodLimit
    ) throws(SnapshotError) -> MethodLimit {
        let reader = FieldReader(message: "MethodLimit")
        var value = MethodLimit()
        value.methods = try reader.texts(message.methods, message.n_methods, "methods")
        value.rules = try reader.list(message.rules, message.n_rules, "rules", decode)
        return value
    }

    static func encode(
        _ value: AccessPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__AccessPolicy>? {
        let message = arena.make(portico__snapshot__v1__access_policy__init)
        message.pointee.n_address_rules = value.addressRules.count
        message.pointee.address_rules = arena.list(value.addressRules) { encode($0, in: arena) }
        message.pointee.n_method_limits = value.methodLimits.count
        message.pointee.method_limits = arena.list(value.methodLimits) { encode($0, in: arena) }
        message.pointee.satisfies_any = value.satisfiesAny ? 1 : 0
        message.pointee.password = value.password.flatMap { encode($0, in: arena) }
        message.pointee.external = value.external.flatMap { encode($0, in: arena) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__AccessPolicy
    ) throws(SnapshotError) -> AccessPolicy {
        let reader = FieldReader(message: "AccessPolicy")
        var value = AccessPolicy()
        value.addressRules = try reader.list(message.address_rules, message.n_address_rules, "address_rules", decode)
        value.methodLimits = try reader.list(message.method_limits, message.n_method_limits, "method_limits", decode)
        value.satisfiesAny = message.satisfies_any != 0
        if let part = message.password { value.password = try decode(part.pointee) }
        if let part = message.external { value.external = try decode(part.pointee) }
        return value
    }

    static func encode(
        _ value: PasswordAuthentication, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__PasswordAuthentication>? {
        let message = arena.make(portico__snapshot__v1__password_authentication__init)
        message.pointee.secret = arena.text(value.secret)
        message.pointee.realm = arena.text(value.realm)
        message.pointee.is_digest = value.isDigest ? 1 : 0
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__PasswordAuthentication
    ) throws(SnapshotError) -> PasswordAuthentication {
        let reader = FieldReader(message: "PasswordAuthentication")
        var value = PasswordAuthentication()
        value.secret = try reader.text(message.secret, "secret")
        value.realm = try reader.text(message.realm, "realm")
        value.isDigest = message.is_digest != 0
        return value
    }

    static func encode(
        _ value: RemoteTarget, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__RemoteTarget>? {
        let message = arena.make(portico__snapshot__v1__remote_target__init)
        message.pointee.upstream = arena.text(value.upstream)
        message.pointee.uses_tls = value.usesTLS ? 1 : 0
        message.pointee.host = arena.text(value.host)
        message.pointee.request_target = arena.text(value.requestTarget)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__RemoteTarget
    ) throws(SnapshotError) -> RemoteTarget {
        let reader = FieldReader(message: "RemoteTarget")
        var value = RemoteTarget()
        value.upstream = try reader.text(message.upstream, "upstream")
        value.usesTLS = message.uses_tls != 0
        value.host = try reader.text(message.host, "host")
        value.requestTarget = try reader.text(message.request_target, "request_target")
        return value
    }

    static func encode(
        _ value: ExternalAuthentication, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__ExternalAuthentication>? {
        let message = arena.make(portico__snapshot__v1__external_authentication__init)
        message.pointee.target = value.target.flatMap { encode($0, in: arena) }
        message.pointee.method = arena.text(value.method)
        message.pointee.sign_in_url = arena.text(value.signInURL)
        message.pointee.n_response_headers = value.responseHeaders.count
        message.pointee.response_headers = arena.list(value.responseHeaders) { arena.text($0) }
        message.pointee.request_redirect = arena.text(value.requestRedirect)
        message.pointee.n_set_headers = value.setHeaders.count
        message.pointee.set_headers = arena.list(value.setHeaders) { encode($0, in: arena) }
        message.pointee.always_sets_cookie = value.alwaysSetsCookie ? 1 : 0
        message.pointee.cache_key = arena.text(value.cacheKey)
        message.pointee.n_cache_durations = value.cacheDurations.count
        message.pointee.cache_durations = arena.list(value.cacheDurations) { encode($0, in: arena) }
        message.pointee.keep_alive_connections = value.keepAliveConnections
        message.pointee.keep_alive_requests = value.keepAliveRequests
        message.pointee.keep_alive_timeout_ms = value.keepAliveTimeoutMilliseconds
        message.pointee.keep_alive_shares_variables = value.keepAliveSharesVariables ? 1 : 0
        message.pointee.snippet = value.snippet.flatMap { encode($0, in: arena) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__ExternalAuthentication
    ) throws(SnapshotError) -> ExternalAuthentication {
        let reader = FieldReader(message: "ExternalAuthentication")
        var value = ExternalAuthentication()
        if let part = message.target { value.target = try decode(part.pointee) }
        value.method = try reader.text(message.method, "method")
        value.signInURL = try reader.text(message.sign_in_url, "sign_in_url")
        value.responseHeaders = try reader.texts(
            message.response_headers, message.n_response_headers, "response_headers")
        value.requestRedirect = try reader.text(message.request_redirect, "request_redirect")
        value.setHeaders = try reader.list(message.set_headers, message.n_set_headers, "set_headers", decode)
        value.alwaysSetsCookie = message.always_sets_cookie != 0
        value.cacheKey = try reader.text(message.cache_key, "cache_key")
        value.cacheDurations = try reader.list(
            message.cache_durations, message.n_cache_durations, "cache_durations", decode)
        value.keepAliveConnections = message.keep_alive_connections
        value.keepAliveRequests = message.keep_alive_requests
        value.keepAliveTimeoutMilliseconds = message.keep_alive_timeout_ms
        value.keepAliveSharesVariables = message.keep_alive_shares_variables != 0
        if let part = message.snippet { value.snippet = try decode(part.pointee) }
        return value
    }

    static func encode(
        _ value: CacheDuration, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__CacheDuration>? {
        let message = arena.make(portico__snapshot__v1__cache_duration__init)
        message.pointee.n_statuses = value.statuses.count
        message.pointee.statuses = arena.list(value.statuses) { $0 }
        message.pointee.ms = value.milliseconds
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__CacheDuration
    ) throws(SnapshotError) -> CacheDuration {
        let reader = FieldReader(message: "CacheDuration")
        var value = CacheDuration()
        value.statuses = reader.numbers(message.statuses, message.n_statuses)
        value.milliseconds = message.ms
        return value
    }
}
