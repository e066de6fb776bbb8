/// What to say of directives that have no place in the policies.
enum ForeignDirectives {
    static func fault(of name: String) -> DirectiveFault {
        if name.contains("_by_lua") {
            return DirectiveFault(
                "there is no Lua here; use annotations or a service", restricts: name.hasPrefix("access"))
        }
        if let (alternative, restricts) = alternatives[name] {
            return DirectiveFault("has no place in a snippet; \(alternative)", restricts: restricts)
        }
        for (prefix, alternative, restricts) in families where name.hasPrefix(prefix) {
            return DirectiveFault("has no place in a snippet; \(alternative)", restricts: restricts)
        }
        return DirectiveFault("is not among the directives that snippets may have")
    }

    private static let alternatives: [String: (String, Bool)] = [
        "proxy_pass": ("name the service as the path's backend", false),
        "grpc_pass": ("name the service as the path's backend and set backend-protocol: GRPC", false),
        "fastcgi_pass": ("name the service as the path's backend and set backend-protocol: FCGI", false),
        "auth_request": ("use auth-url", true), "auth_basic": ("use auth-type: basic", true),
        "auth_basic_user_file": ("use auth-secret", true), "auth_digest": ("use auth-type: digest", true),
        "limit_req": ("use limit-rps or limit-rpm", true), "limit_conn": ("use limit-connections", true),
        "error_page": ("use custom-http-errors", false), "mirror": ("use mirror-target", false),
        "root": ("serve files from a service", false), "alias": ("serve files from a service", false),
        "index": ("serve files from a service", false), "try_files": ("serve files from a service", false),
        "access_log": ("use enable-access-log and log-format-upstream", false),
        "error_log": ("errors go to standard error", false),
        "server_name": ("use server-alias", false), "listen": ("use the options of portico-proxy", false),
        "include": ("write the directives themselves", true), "internal": ("use a Service without an Ingress", true),
        "valid_referers": ("use block-referers", true), "secure_link": ("use auth-url", true),
        "secure_link_md5": ("use auth-url", true), "map": ("use if and set", false),
        "geo": ("use allow and deny", true),
        "real_ip_header": ("use forwarded-for-header", false), "set_real_ip_from": ("use proxy-real-ip-cidr", false),
        "client_header_timeout": ("use client-header-timeout in the ConfigMap", false),
        "client_body_timeout": ("use client-body-timeout in the ConfigMap", false),
        "keepalive_timeout": ("use keep-alive in the ConfigMap", false),
        "large_client_header_buffers": ("use large-client-header-buffers in the ConfigMap", false),
        "proxy_pass_header": ("use allow-backend-server-header for Server", false),
        "underscores_in_headers": ("use enable-underscores-in-headers in the ConfigMap", false),
        "server_tokens": ("no version is ever shown", false),
        "charset": ("the service says the character set", false), "sub_filter": ("let the service do it", false),
        "load_module": ("there are no modules", false),
    ]

    private static let families: [(String, String, Bool)] = [
        ("gzip", "use use-gzip and its companions in the ConfigMap", false),
        ("brotli", "use enable-brotli and its companions in the ConfigMap", false),
        ("ssl_client", "use auth-tls-secret and its companions", true),
        ("ssl_verify", "use auth-tls-verify-client", true),
        ("ssl_", "use the ssl-* annotations", false), ("proxy_ssl", "use the proxy-ssl-* annotations", false),
        ("modsecurity", "use enable-modsecurity", true), ("opentelemetry", "use enable-opentelemetry", false),
        ("opentracing", "use enable-opentelemetry", false), ("limit_req", "use limit-rps or limit-rpm", true),
        ("limit_conn", "use limit-connections", true), ("auth_", "use the auth-* annotations", true),
        ("fastcgi_", "use fastcgi-index and fastcgi-params-configmap", false),
        ("http2_", "use the http2-* keys of the ConfigMap", false),
    ]
}
