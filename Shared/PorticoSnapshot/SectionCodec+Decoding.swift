internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    /// Reads a section from bytes that anyone may have made.
    package static func decode(_ bytes: [UInt8]) throws(SnapshotError) -> Section {
        let result: Result<Section, SnapshotError> = bytes.withUnsafeBytes { buffer in
            do throws(SnapshotError) { return .success(try decode(buffer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Reads a section from bytes that anyone may have made. Fields that this build does not know are ignored.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(SnapshotError) -> Section {
        guard bytes.count <= maximumBytes else { throw .malformed(message: "Section") }
        let arena = MessageArena(decoding: bytes.count)
        var allocator = arena.allocator
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let message = portico__snapshot__v1__section__unpack(&allocator, bytes.count, start) else {
            throw .malformed(message: "Section")
        }
        // A zero byte inside a text, an overlong number or a default written out all change the size.
        guard protobuf_c_message_get_packed_size(base(message)) == bytes.count else {
            throw .notCanonical(message: "Section")
        }
        return try section(message.pointee)
    }

    private static func section(_ message: Portico__Snapshot__V1__Section) throws(SnapshotError) -> Section {
        switch message.content_case {
        case PORTICO__SNAPSHOT__V1__SECTION__CONTENT_VIRTUAL_HOST:
            return .virtualHost(try virtualHost(message.virtual_host.pointee))
        case PORTICO__SNAPSHOT__V1__SECTION__CONTENT_UPSTREAM:
            return .upstream(try upstream(message.upstream.pointee))
        case PORTICO__SNAPSHOT__V1__SECTION__CONTENT_STREAM_SERVICE:
            return .stream(try stream(message.stream_service.pointee))
        case PORTICO__SNAPSHOT__V1__SECTION__CONTENT_GLOBAL_SETTINGS:
            return .globalSettings(try globalSettings(message.global_settings.pointee))
        default:
            throw .invalidField(message: "Section", field: "content", found: "(none known)")
        }
    }

    private static func virtualHost(
        _ message: Portico__Snapshot__V1__VirtualHost
    ) throws(SnapshotError) -> VirtualHost {
        let reader = FieldReader(message: "VirtualHost")
        let policies = try reader.list(message.policies, message.n_policies, "policies", policy)
        let routes = try reader.list(message.routes, message.n_routes, "routes") {
            message throws(SnapshotError) in try route(message, policies: policies.count)
        }
        return VirtualHost(
            host: try reader.text(message.host, "host"), routes: routes, policies: policies,
            tls: try message.tls.map { tls throws(SnapshotError) in try decode(tls.pointee) })
    }

    private static func route(
        _ message: Portico__Snapshot__V1__Route, policies: Int
    ) throws(SnapshotError) -> Route {
        let reader = FieldReader(message: "Route")
        guard let match = PathMatch(rawValue: message.match) else { throw reader.invalid("match", "\(message.match)") }
        guard Int(message.policy) <= policies else { throw reader.invalid("policy", "\(message.policy)") }
        let path = try reader.text(message.path, "path")
        guard match.isRegex || path.utf8.first == UInt8(ascii: "/") else { throw reader.invalid("path", "\"\(path)\"") }
        var route = Route(
            match: match, path: path,
            ingress: ObjectName(
                namespace: try reader.text(message.ingress_namespace, "ingress_namespace"),
                name: try reader.text(message.ingress_name, "ingress_name")),
            upstream: try reader.text(message.upstream, "upstream"),
            policy: message.policy == 0 ? nil : Int(message.policy) - 1)
        route.alternatives = try reader.list(message.alternatives, message.n_alternatives, "alternatives", decode)
        return route
    }

    private static func policy(
        _ message: Portico__Snapshot__V1__RoutePolicy
    ) throws(SnapshotError) -> RoutePolicy {
        var policy = RoutePolicy()
        policy.connectTimeoutMilliseconds = message.connect_timeout_ms
        policy.sendTimeoutMilliseconds = message.send_timeout_ms
        policy.readTimeoutMilliseconds = message.read_timeout_ms
        policy.maximumBodyBytes = message.maximum_body_bytes
        policy.buffersRequests = message.buffers_requests != 0
        policy.bodyBufferBytes = message.body_buffer_bytes
        policy.retryConditions = RetryConditions(rawValue: message.retry_conditions)
        policy.retryTries = message.retry_tries
        policy.retryTimeoutMilliseconds = message.retry_timeout_ms
        policy.logsAccess = message.logs_access != 0
        policy.backendProtocol = try FieldReader(message: "RoutePolicy").choice(
            message.backend_protocol, "backend_protocol")
        policy.buffersResponses = message.buffers_responses != 0
        policy.responseBufferCount = message.response_buffer_count
        policy.responseBufferBytes = message.response_buffer_bytes
        policy.busyBufferBytes = message.busy_buffer_bytes
        policy.maximumTemporaryFileBytes = message.maximum_temporary_file_bytes
        policy.usesHTTP10Upstream = message.uses_http10_upstream != 0
        policy.makesRelativeRedirects = message.makes_relative_redirects != 0
        policy.namesPortInRedirects = message.names_port_in_redirects != 0
        guard let redirect = TLSRedirect(rawValue: message.tls_redirect) else {
            throw FieldReader(message: "RoutePolicy").invalid("tls_redirect", "\(message.tls_redirect)")
        }
        policy.tlsRedirect = redirect
        policy.preservesTrailingSlash = message.preserves_trailing_slash != 0
        policy.tracesRequests = message.traces_requests != 0
        policy.trustsIncomingSpan = message.trusts_incoming_span != 0
        policy.isWithheld = message.is_withheld != 0
        policy.features = try features(message)
        return policy
    }

    private static func upstream(
        _ message: Portico__Snapshot__V1__UpstreamSettings
    ) throws(SnapshotError) -> UpstreamSettings {
        let reader = FieldReader(message: "UpstreamSettings")
        return UpstreamSettings(
            name: try reader.text(message.name, "name"),
            service: ObjectName(
                namespace: try reader.text(message.service_namespace, "service_namespace"),
                name: try reader.text(message.service_name, "service_name")),
            port: try reader.text(message.port, "port"), usesServiceAddress: message.uses_service_address != 0,
            isUDP: message.is_udp != 0)
    }

    private static func globalSettings(
        _ message: Portico__Snapshot__V1__GlobalSettings
    ) throws(SnapshotError) -> GlobalSettings {
        let reader = FieldReader(message: "GlobalSettings")
        guard let defaultPolicy = message.default_policy else { throw reader.invalid("default_policy", "(none)") }
        var settings = GlobalSettings()
        let defaultUpstream = try reader.text(message.default_upstream, "default_upstream")
        settings.defaultUpstream = defaultUpstream.isEmpty ? nil : defaultUpstream
        settings.defaultPolicy = try policy(defaultPolicy.pointee)
        settings.clientHeaderTimeoutMilliseconds = message.client_header_timeout_ms
        settings.clientBodyTimeoutMilliseconds = message.client_body_timeout_ms
        settings.keepAliveTimeoutMilliseconds = message.keep_alive_timeout_ms
        settings.keepAliveRequests = message.keep_alive_requests
        settings.maximumHeaderLineBytes = message.maximum_header_line_bytes
        settings.maximumHeaderBytes = message.maximum_header_bytes
        settings.maximumConnections = message.maximum_connections
        settings.usesProxyProtocol = message.uses_proxy_protocol != 0
        settings.proxyProtocolTimeoutMilliseconds = message.proxy_protocol_timeout_ms
        settings.drainTimeoutMilliseconds = message.drain_timeout_ms
        settings.allowsUnderscoresInHeaders = message.allows_underscores_in_headers != 0
        settings.ignoresInvalidHeaders = message.ignores_invalid_headers != 0
        settings.generatesRequestID = message.generates_request_id != 0
        settings.usesForwardedHeaders = message.uses_forwarded_headers != 0
        settings.computesFullForwardedFor = message.computes_full_forwarded_for != 0
        settings.forwardedForHeader = try reader.text(message.forwarded_for_header, "forwarded_for_header")
        settings.trustedProxies = try reader.texts(
            message.trusted_proxies, message.n_trusted_proxies, "trusted_proxies")
        settings.addsOriginalURIHeader = message.adds_original_uri_header != 0
        settings.passesServerHeader = message.passes_server_header != 0
        settings.upstreamKeepAliveConnections = message.upstream_keep_alive_connections
        settings.upstreamKeepAliveTimeoutMilliseconds = message.upstream_keep_alive_timeout_ms
        settings.upstreamKeepAliveRequests = message.upstream_keep_alive_requests
        settings.upstreamKeepAliveTimeMilliseconds = message.upstream_keep_alive_time_ms
        settings.logsAccess = message.logs_access != 0
        settings.accessLogPath = try reader.text(message.access_log_path, "access_log_path")
        settings.logsStreams = message.logs_streams != 0
        settings.streamLogPath = try reader.text(message.stream_log_path, "stream_log_path")
        settings.streamLogFormat = try reader.text(message.stream_log_format, "stream_log_format")
        settings.usesHTTP2 = message.uses_http2 != 0
        settings.http2ConcurrentStreams = message.http2_concurrent_streams
        if let tls = message.tls { settings.tls = try decode(tls.pointee) }
        if let tracing = message.tracing { settings.tracing = try decode(tracing.pointee) }
        try decodePolicies(message, into: &settings)
        return settings
    }
}
