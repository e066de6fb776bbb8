internal import CPorticoSnapshot
import PorticoModel

/// Sections to bytes and back. Equal sections are equal bytes, so a section's digest is its identity.
package enum SectionCodec {
    /// No section that people write comes near this; it bounds what a reader of foreign bytes may be made to do.
    package static let maximumBytes = 8 << 20

    /// The canonical bytes of a section.
    package static func encode(_ section: Section) -> [UInt8] {
        let arena = MessageArena()
        let message = arena.make(portico__snapshot__v1__section__init)
        switch section {
        case .virtualHost(let host):
            message.pointee.content_case = PORTICO__SNAPSHOT__V1__SECTION__CONTENT_VIRTUAL_HOST
            message.pointee.virtual_host = encode(host, in: arena)
        case .upstream(let upstream):
            message.pointee.content_case = PORTICO__SNAPSHOT__V1__SECTION__CONTENT_UPSTREAM
            message.pointee.upstream = encode(upstream, in: arena)
        case .stream(let stream):
            message.pointee.content_case = PORTICO__SNAPSHOT__V1__SECTION__CONTENT_STREAM_SERVICE
            message.pointee.stream_service = encode(stream, in: arena)
        case .globalSettings(let settings):
            message.pointee.content_case = PORTICO__SNAPSHOT__V1__SECTION__CONTENT_GLOBAL_SETTINGS
            message.pointee.global_settings = encode(settings, in: arena)
        }
        return packed(base(message))
    }

    private static func encode(
        _ host: VirtualHost, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__VirtualHost> {
        let message = arena.make(portico__snapshot__v1__virtual_host__init)
        message.pointee.host = arena.text(host.host)
        message.pointee.n_routes = host.routes.count
        message.pointee.routes = arena.list(host.routes) { encode($0, in: arena) }
        message.pointee.n_policies = host.policies.count
        message.pointee.policies = arena.list(host.policies) { encode($0, in: arena) }
        message.pointee.tls = host.tls.map { encode($0, in: arena) }
        return message
    }

    private static func encode(
        _ route: Route, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__Route>? {
        let message = arena.make(portico__snapshot__v1__route__init)
        message.pointee.match = route.match.rawValue
        message.pointee.path = arena.text(route.path)
        message.pointee.ingress_namespace = arena.text(route.ingress.namespace)
        message.pointee.ingress_name = arena.text(route.ingress.name)
        message.pointee.upstream = arena.text(route.upstream)
        message.pointee.policy = route.policy.map { UInt32($0) + 1 } ?? 0
        message.pointee.n_alternatives = route.alternatives.count
        message.pointee.alternatives = arena.list(route.alternatives) { encode($0, in: arena) }
        return message
    }

    static func encode(
        _ policy: RoutePolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__RoutePolicy>? {
        let message = arena.make(portico__snapshot__v1__route_policy__init)
        message.pointee.connect_timeout_ms = policy.connectTimeoutMilliseconds
        message.pointee.send_timeout_ms = policy.sendTimeoutMilliseconds
        message.pointee.read_timeout_ms = policy.readTimeoutMilliseconds
        message.pointee.maximum_body_bytes = policy.maximumBodyBytes
        message.pointee.buffers_requests = policy.buffersRequests ? 1 : 0
        message.pointee.body_buffer_bytes = policy.bodyBufferBytes
        message.pointee.retry_conditions = policy.retryConditions.rawValue
        message.pointee.retry_tries = policy.retryTries
        message.pointee.retry_timeout_ms = policy.retryTimeoutMilliseconds
        message.pointee.logs_access = policy.logsAccess ? 1 : 0
        message.pointee.backend_protocol = policy.backendProtocol.rawValue
        message.pointee.buffers_responses = policy.buffersResponses ? 1 : 0
        message.pointee.response_buffer_count = policy.responseBufferCount
        message.pointee.response_buffer_bytes = policy.responseBufferBytes
        message.pointee.busy_buffer_bytes = policy.busyBufferBytes
        message.pointee.maximum_temporary_file_bytes = policy.maximumTemporaryFileBytes
        message.pointee.uses_http10_upstream = policy.usesHTTP10Upstream ? 1 : 0
        message.pointee.makes_relative_redirects = policy.makesRelativeRedirects ? 1 : 0
        message.pointee.names_port_in_redirects = policy.namesPortInRedirects ? 1 : 0
        message.pointee.tls_redirect = policy.tlsRedirect.rawValue
        message.pointee.preserves_trailing_slash = policy.preservesTrailingSlash ? 1 : 0
        message.pointee.traces_requests = policy.tracesRequests ? 1 : 0
        message.pointee.trusts_incoming_span = policy.trustsIncomingSpan ? 1 : 0
        message.pointee.is_withheld = policy.isWithheld ? 1 : 0
        if policy.hasFeatures { encode(policy.features, into: message, arena) }
        return message
    }

    private static func encode(
        _ upstream: UpstreamSettings, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__UpstreamSettings> {
        let message = arena.make(portico__snapshot__v1__upstream_settings__init)
        message.pointee.name = arena.text(upstream.name)
        message.pointee.service_namespace = arena.text(upstream.service.namespace)
        message.pointee.service_name = arena.text(upstream.service.name)
        message.pointee.port = arena.text(upstream.port)
        message.pointee.uses_service_address = upstream.usesServiceAddress ? 1 : 0
        message.pointee.is_udp = upstream.isUDP ? 1 : 0
        return message
    }

    private static func encode(
        _ settings: GlobalSettings, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__GlobalSettings> {
        let message = arena.make(portico__snapshot__v1__global_settings__init)
        message.pointee.default_upstream = arena.text(settings.defaultUpstream ?? "")
        message.pointee.default_policy = encode(settings.defaultPolicy, in: arena)
        message.pointee.client_header_timeout_ms = settings.clientHeaderTimeoutMilliseconds
        message.pointee.client_body_timeout_ms = settings.clientBodyTimeoutMilliseconds
        message.pointee.keep_alive_timeout_ms = settings.keepAliveTimeoutMilliseconds
        message.pointee.keep_alive_requests = settings.keepAliveRequests
        message.pointee.maximum_header_line_bytes = settings.maximumHeaderLineBytes
        message.pointee.maximum_header_bytes = settings.maximumHeaderBytes
        message.pointee.maximum_connections = settings.maximumConnections
        message.pointee.uses_proxy_protocol = settings.usesProxyProtocol ? 1 : 0
        message.pointee.proxy_protocol_timeout_ms = settings.proxyProtocolTimeoutMilliseconds
        message.pointee.drain_timeout_ms = settings.drainTimeoutMilliseconds
        message.pointee.allows_underscores_in_headers = settings.allowsUnderscoresInHeaders ? 1 : 0
        message.pointee.ignores_invalid_headers = settings.ignoresInvalidHeaders ? 1 : 0
        message.pointee.generates_request_id = settings.generatesRequestID ? 1 : 0
        message.pointee.uses_forwarded_headers = settings.usesForwardedHeaders ? 1 : 0
        message.pointee.computes_full_forwarded_for = settings.computesFullForwardedFor ? 1 : 0
        message.pointee.forwarded_for_header = arena.text(settings.forwardedForHeader)
        message.pointee.n_trusted_proxies = settings.trustedProxies.count
        message.pointee.trusted_proxies = arena.list(settings.trustedProxies) { arena.text($0) }
        message.pointee.adds_original_uri_header = settings.addsOriginalURIHeader ? 1 : 0
        message.pointee.passes_server_header = settings.passesServerHeader ? 1 : 0
        message.pointee.upstream_keep_alive_connections = settings.upstreamKeepAliveConnections
        message.pointee.upstream_keep_alive_timeout_ms = settings.upstreamKeepAliveTimeoutMilliseconds
        message.pointee.upstream_keep_alive_requests = settings.upstreamKeepAliveRequests
        message.pointee.upstream_keep_alive_time_ms = settings.upstreamKeepAliveTimeMilliseconds
        message.pointee.logs_access = settings.logsAccess ? 1 : 0
        message.pointee.access_log_path = arena.text(settings.accessLogPath)
        message.pointee.uses_http2 = settings.usesHTTP2 ? 1 : 0
        message.pointee.http2_concurrent_streams = settings.http2ConcurrentStreams
        message.pointee.logs_streams = settings.logsStreams ? 1 : 0
        message.pointee.stream_log_path = arena.text(settings.streamLogPath)
        message.pointee.stream_log_format = arena.text(settings.streamLogFormat)
        message.pointee.tls = encode(settings.tls, in: arena)
        message.pointee.tracing = encode(settings.tracing, in: arena)
        encodePolicies(settings, into: message, arena)
        return message
    }
}
