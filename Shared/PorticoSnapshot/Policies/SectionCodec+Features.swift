internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ features: RouteFeatures, into message: UnsafeMutablePointer<Portico__Snapshot__V1__RoutePolicy>,
        _ arena: borrowing MessageArena
    ) {
        message.pointee.rewrite = features.rewrite.flatMap { encode($0, in: arena) }
        message.pointee.redirect = features.redirect.flatMap { encode($0, in: arena) }
        message.pointee.response_rewriting = features.responseRewriting.flatMap { encode($0, in: arena) }
        message.pointee.error_pages = features.errorPages.flatMap { encode($0, in: arena) }
        message.pointee.balancing = features.balancing.flatMap { encode($0, in: arena) }
        message.pointee.affinity = features.affinity.flatMap { encode($0, in: arena) }
        message.pointee.headers = features.headers.flatMap { encode($0, in: arena) }
        message.pointee.access = features.access.flatMap { encode($0, in: arena) }
        message.pointee.limits = features.limits.flatMap { encode($0, in: arena) }
        message.pointee.cross_origin = features.crossOrigin.flatMap { encode($0, in: arena) }
        message.pointee.mirror = features.mirror.flatMap { encode($0, in: arena) }
        message.pointee.upstream_tls = features.upstreamTLS.map { encode($0, in: arena) }
        message.pointee.snippet = features.snippet.flatMap { encode($0, in: arena) }
        message.pointee.fast_cgi = features.fastCGI.flatMap { encode($0, in: arena) }
        message.pointee.firewall = features.firewall.flatMap { encode($0, in: arena) }
        message.pointee.span_name = arena.text(features.spanName)
    }

    static func features(
        _ message: Portico__Snapshot__V1__RoutePolicy
    ) throws(SnapshotError) -> RouteFeatures {
        var features = RouteFeatures()
        if let part = message.rewrite { features.rewrite = try decode(part.pointee) }
        if let part = message.redirect { features.redirect = try decode(part.pointee) }
        if let part = message.response_rewriting { features.responseRewriting = try decode(part.pointee) }
        if let part = message.error_pages { features.errorPages = try decode(part.pointee) }
        if let part = message.balancing { features.balancing = try decode(part.pointee) }
        if let part = message.affinity { features.affinity = try decode(part.pointee) }
        if let part = message.headers { features.headers = try decode(part.pointee) }
        if let part = message.access { features.access = try decode(part.pointee) }
        if let part = message.limits { features.limits = try decode(part.pointee) }
        if let part = message.cross_origin { features.crossOrigin = try decode(part.pointee) }
        if let part = message.mirror { features.mirror = try decode(part.pointee) }
        if let part = message.upstream_tls { features.upstreamTLS = try decode(part.pointee) }
        if let part = message.snippet { features.snippet = try decode(part.pointee) }
        if let part = message.fast_cgi { features.fastCGI = try decode(part.pointee) }
        if let part = message.firewall { features.firewall = try decode(part.pointee) }
        features.spanName = try FieldReader(message: "RoutePolicy").text(message.span_name, "span_name")
        return features
    }

    /// The part of the global settings that concerns policies.
    static func encodePolicies(
        _ settings: GlobalSettings, into message: UnsafeMutablePointer<Portico__Snapshot__V1__GlobalSettings>,
        _ arena: borrowing MessageArena
    ) {
        message.pointee.uses_real_ip = settings.usesRealIP ? 1 : 0
        message.pointee.forwarded_for_proxy_protocol_header = arena.text(settings.forwardedForProxyProtocolHeader)
        message.pointee.n_request_headers = settings.requestHeaders.count
        message.pointee.request_headers = arena.list(settings.requestHeaders) { encode($0, in: arena) }
        message.pointee.n_response_headers = settings.responseHeaders.count
        message.pointee.response_headers = arena.list(settings.responseHeaders) { encode($0, in: arena) }
        message.pointee.n_hidden_headers = settings.hiddenHeaders.count
        message.pointee.hidden_headers = arena.list(settings.hiddenHeaders) { arena.text($0) }
        message.pointee.gzip = settings.gzip.flatMap { encode($0, in: arena) }
        message.pointee.brotli = settings.brotli.flatMap { encode($0, in: arena) }
        message.pointee.zstd = settings.zstd.flatMap { encode($0, in: arena) }
        message.pointee.n_blocked_addresses = settings.blockedAddresses.count
        message.pointee.blocked_addresses = arena.list(settings.blockedAddresses) { arena.text($0) }
        message.pointee.n_blocked_agents = settings.blockedAgents.count
        message.pointee.blocked_agents = arena.list(settings.blockedAgents) { encode($0, in: arena) }
        message.pointee.n_blocked_referers = settings.blockedReferers.count
        message.pointee.blocked_referers = arena.list(settings.blockedReferers) { encode($0, in: arena) }
        message.pointee.limit_key = arena.text(settings.limitKey)
        message.pointee.limit_requests_status = settings.limitRequestsStatus
        message.pointee.limit_connections_status = settings.limitConnectionsStatus
        message.pointee.redirect_status = settings.redirectStatus
        message.pointee.media_type = arena.text(settings.mediaType)
        message.pointee.log_format = settings.logFormat.flatMap { encode($0, in: arena) }
        message.pointee.n_unlogged_targets = settings.unloggedTargets.count
        message.pointee.unlogged_targets = arena.list(settings.unloggedTargets) { encode($0, in: arena) }
        message.pointee.logs_default_backend = settings.logsDefaultBackend ? 1 : 0
        message.pointee.uses_geo_databases = settings.usesGeoDatabases ? 1 : 0
    }

    static func decodePolicies(
        _ message: Portico__Snapshot__V1__GlobalSettings, into settings: inout GlobalSettings
    ) throws(SnapshotError) {
        let reader = FieldReader(message: "GlobalSettings")
        settings.usesRealIP = message.uses_real_ip != 0
        settings.forwardedForProxyProtocolHeader = try reader.text(
            message.forwarded_for_proxy_protocol_header, "forwarded_for_proxy_protocol_header")
        settings.requestHeaders = try reader.list(
            message.request_headers, message.n_request_headers, "request_headers", decode)
        settings.responseHeaders = try reader.list(
            message.response_headers, message.n_response_headers, "response_headers", decode)
        settings.hiddenHeaders = try reader.texts(message.hidden_headers, message.n_hidden_headers, "hidden_headers")
        if let part = message.gzip { settings.gzip = try decode(part.pointee) }
        if let part = message.brotli { settings.brotli = try decode(part.pointee) }
        if let part = message.zstd { settings.zstd = try decode(part.pointee) }
        settings.blockedAddresses = try reader.texts(
            message.blocked_addresses, message.n_blocked_addresses, "blocked_addresses")
        settings.blockedAgents = try reader.list(
            message.blocked_agents, message.n_blocked_agents, "blocked_agents", decode)
        settings.blockedReferers = try reader.list(
            message.blocked_referers, message.n_blocked_referers, "blocked_referers", decode)
        settings.limitKey = try reader.text(message.limit_key, "limit_key")
        settings.limitRequestsStatus = message.limit_requests_status
        settings.limitConnectionsStatus = message.limit_connections_status
        settings.redirectStatus = message.redirect_status
        settings.mediaType = try reader.text(message.media_type, "media_type")
        if let part = message.log_format { settings.logFormat = try decode(part.pointee) }
        settings.unloggedTargets = try reader.list(
            message.unlogged_targets, message.n_unlogged_targets, "unlogged_targets", decode)
        settings.logsDefaultBackend = message.logs_default_backend != 0
        settings.usesGeoDatabases = message.uses_geo_databases != 0
    }
}
