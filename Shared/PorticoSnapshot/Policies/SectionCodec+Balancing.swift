internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: BalancingPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__BalancingPolicy>? {
        let message = arena.make(portico__snapshot__v1__balancing_policy__init)
        message.pointee.algorithm = value.algorithm.rawValue
        message.pointee.hash_key = arena.text(value.hashKey)
        message.pointee.subset_size = value.subsetSize
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__BalancingPolicy
    ) throws(SnapshotError) -> BalancingPolicy {
        let reader = FieldReader(message: "BalancingPolicy")
        var value = BalancingPolicy()
        value.algorithm = try reader.choice(message.algorithm, "algorithm")
        value.hashKey = try reader.text(message.hash_key, "hash_key")
        value.subsetSize = message.subset_size
        return value
    }

    static func encode(
        _ value: SessionAffinity, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__SessionAffinity>? {
        let message = arena.make(portico__snapshot__v1__session_affinity__init)
        message.pointee.cookie_name = arena.text(value.cookieName)
        message.pointee.cookie_path = arena.text(value.cookiePath)
        message.pointee.cookie_domain = arena.text(value.cookieDomain)
        message.pointee.expires_seconds = value.expiresSeconds
        message.pointee.maximum_age_seconds = value.maximumAgeSeconds
        message.pointee.same_site = value.sameSite.rawValue
        message.pointee.is_partitioned = value.isPartitioned ? 1 : 0
        message.pointee.omits_same_site_none = value.omitsSameSiteNone ? 1 : 0
        message.pointee.secure = value.secure.rawValue
        message.pointee.changes_on_failure = value.changesOnFailure ? 1 : 0
        message.pointee.mode = value.mode.rawValue
        message.pointee.ignores_canaries = value.ignoresCanaries ? 1 : 0
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__SessionAffinity
    ) throws(SnapshotError) -> SessionAffinity {
        let reader = FieldReader(message: "SessionAffinity")
        var value = SessionAffinity()
        value.cookieName = try reader.text(message.cookie_name, "cookie_name")
        value.cookiePath = try reader.text(message.cookie_path, "cookie_path")
        value.cookieDomain = try reader.text(message.cookie_domain, "cookie_domain")
        value.expiresSeconds = message.expires_seconds
        value.maximumAgeSeconds = message.maximum_age_seconds
        value.sameSite = try reader.choice(message.same_site, "same_site")
        value.isPartitioned = message.is_partitioned != 0
        value.omitsSameSiteNone = message.omits_same_site_none != 0
        value.secure = try reader.choice(message.secure, "secure")
        value.changesOnFailure = message.changes_on_failure != 0
        value.mode = try reader.choice(message.mode, "mode")
        value.ignoresCanaries = message.ignores_canaries != 0
        return value
    }

    static func encode(
        _ value: RouteAlternative, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__RouteAlternative>? {
        let message = arena.make(portico__snapshot__v1__route_alternative__init)
        message.pointee.upstream = arena.text(value.upstream)
        message.pointee.ingress_namespace = arena.text(value.ingress.namespace)
        message.pointee.ingress_name = arena.text(value.ingress.name)
        message.pointee.header = arena.text(value.header)
        message.pointee.header_value = arena.text(value.headerValue)
        message.pointee.header_pattern = arena.text(value.headerPattern)
        message.pointee.cookie = arena.text(value.cookie)
        message.pointee.weight = value.weight
        message.pointee.weight_total = value.weightTotal
        message.pointee.ignores_affinity = value.ignoresAffinity ? 1 : 0
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__RouteAlternative
    ) throws(SnapshotError) -> RouteAlternative {
        let reader = FieldReader(message: "RouteAlternative")
        var value = RouteAlternative()
        value.upstream = try reader.text(message.upstream, "upstream")
        value.ingress = ObjectName(
            namespace: try reader.text(message.ingress_namespace, "ingress_namespace"),
            name: try reader.text(message.ingress_name, "ingress_name"))
        value.header = try reader.text(message.header, "header")
        value.headerValue = try reader.text(message.header_value, "header_value")
        value.headerPattern = try reader.text(message.header_pattern, "header_pattern")
        value.cookie = try reader.text(message.cookie, "cookie")
        value.weight = message.weight
        value.weightTotal = message.weight_total
        value.ignoresAffinity = message.ignores_affinity != 0
        return value
    }
}
