/// A variable of nginx's configuration language whose name says all, by that name.
package enum NamedVariable: String, Hashable, Sendable, CaseIterable {
    // The request line and its parts.
    case request, uri, args, scheme, host
    case requestURI = "request_uri"
    case documentURI = "document_uri"
    case queryString = "query_string"
    case isArgs = "is_args"
    case requestMethod = "request_method"
    case escapedRequestURI = "escaped_request_uri"
    // The client and the connection.
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case remoteUser = "remote_user"
    case binaryRemoteAddress = "binary_remote_addr"
    case realIPRemoteAddress = "realip_remote_addr"
    case theRealIP = "the_real_ip"
    case proxyProtocolAddress = "proxy_protocol_addr"
    case proxyProtocolPort = "proxy_protocol_port"
    case connection, pid, hostname, https
    case connectionRequests = "connection_requests"
    case serverName = "server_name"
    case serverAddress = "server_addr"
    case serverPort = "server_port"
    case serverProtocol = "server_protocol"
    case nginxVersion = "nginx_version"
    case http2
    case sslProtocol = "ssl_protocol"
    case sslCipher = "ssl_cipher"
    case sslServerName = "ssl_server_name"
    case sslSessionReused = "ssl_session_reused"
    case sslClientVerify = "ssl_client_verify"
    case sslClientSubject = "ssl_client_s_dn"
    case sslClientIssuer = "ssl_client_i_dn"
    case sslClientSerial = "ssl_client_serial"
    case sslClientFingerprint = "ssl_client_fingerprint"
    case sslClientCertificate = "ssl_client_escaped_cert"
    // Fields with names of their own.
    case contentLength = "content_length"
    case contentType = "content_type"
    case requestID = "request_id"
    case reqID = "req_id"
    case requestBody = "request_body"
    // Times and counts.
    case msec, status
    case timeLocal = "time_local"
    case timeISO8601 = "time_iso8601"
    case requestTime = "request_time"
    case requestLength = "request_length"
    case requestCompletion = "request_completion"
    case bodyBytesSent = "body_bytes_sent"
    case bytesSent = "bytes_sent"
    // The upstream.
    case proxyUpstreamName = "proxy_upstream_name"
    case proxyAlternativeUpstreamName = "proxy_alternative_upstream_name"
    case proxyHost = "proxy_host"
    case upstreamAddress = "upstream_addr"
    case upstreamStatus = "upstream_status"
    case upstreamResponseTime = "upstream_response_time"
    case upstreamResponseLength = "upstream_response_length"
    case upstreamConnectTime = "upstream_connect_time"
    case upstreamHeaderTime = "upstream_header_time"
    case upstreamCacheStatus = "upstream_cache_status"
    // What ingress-nginx sets.
    case namespace
    case ingressName = "ingress_name"
    case serviceName = "service_name"
    case servicePort = "service_port"
    case locationPath = "location_path"
    case bestHTTPHost = "best_http_host"
    case passAccessScheme = "pass_access_scheme"
    case passServerPort = "pass_server_port"
    case passPort = "pass_port"
    case proxyAddForwardedFor = "proxy_add_x_forwarded_for"
    case fullForwardedFor = "full_x_forwarded_for"
    case connectionUpgrade = "connection_upgrade"
    case limitRate = "limit_rate"
    case fastCGIScriptName = "fastcgi_script_name"
    case fastCGIPathInfo = "fastcgi_path_info"
    // The trace, where the route has one.
    case openTelemetryTraceID = "opentelemetry_trace_id"
    case openTelemetrySpanID = "opentelemetry_span_id"
    case openTelemetryTraceParent = "opentelemetry_context_traceparent"
}

/// What a `$name` in a template stands for.
package enum Variable: Hashable, Sendable {
    case named(NamedVariable)
    /// What a database of addresses says of the client.
    case geo(GeoVariable)
    /// `$arg_NAME`: a parameter of the query.
    case argument(String)
    /// `$http_NAME`: a field of the request; the name in lower case with hyphens.
    case requestField(String)
    case cookie(String)
    /// `$sent_http_NAME`: a field of the response as it goes to the client.
    case sentField(String)
    /// `$upstream_http_NAME`: a field of the response as the upstream sent it.
    case upstreamField(String)
    case upstreamCookie(String)
    /// `$1` to `$9`: what a group of the last regular expression matched; 0 is the whole match.
    case capture(Int)
    /// Set by a `set` directive.
    case custom(String)

    /// The variable of that name, without the dollar sign.
    ///
    /// - Parameter custom: names that `set` directives define.
    /// - Returns: nil for a name that nothing defines.
    package init?(name: String, custom: Set<String> = []) {
        if let named = NamedVariable(rawValue: name) {
            self = .named(named)
        } else if let geo = GeoVariable(rawValue: name) {
            self = .geo(geo)
        } else if custom.contains(name) {
            self = .custom(name)
        } else if name.utf8.count == 1, let digit = Int(name) {
            self = .capture(digit)
        } else if let (family, rest) = Variable.family(of: name) {
            self = family(rest)
        } else {
            return nil
        }
    }

    private static func family(of name: String) -> ((String) -> Variable, String)? {
        func rest(_ prefix: String) -> String? {
            name.utf8.count > prefix.utf8.count && name.hasPrefix(prefix)
                ? String(name.dropFirst(prefix.utf8.count)) : nil
        }
        func field(_ text: String) -> String {
            String(
                decoding: text.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }, as: UTF8.self
            )
        }
        if let rest = rest("arg_") { return ({ .argument($0) }, rest) }
        if let rest = rest("http_") { return ({ .requestField(field($0)) }, rest) }
        if let rest = rest("cookie_") { return ({ .cookie($0) }, rest) }
        if let rest = rest("sent_http_") { return ({ .sentField(field($0)) }, rest) }
        if let rest = rest("upstream_http_") { return ({ .upstreamField(field($0)) }, rest) }
        if let rest = rest("upstream_cookie_") { return ({ .upstreamCookie($0) }, rest) }
        return nil
    }
}
