/// The keys of ingress-nginx 1.15's ConfigMap that Portico knows by name and does not carry.
let uncarriedGlobalOptions: Set<String> = [
    "enable-modsecurity", "enable-ocsp", "enable-owasp-modsecurity-crs", "geoip2-autoreload-in-minutes",
    "grpc-buffer-size-kb", "http2-max-field-size", "http2-max-header-size", "http2-max-requests", "log-format-stream",
    "modsecurity-snippet", "proxy-ssl-location-only", "ssl-session-ticket-key", "stream-access-log-path", "use-geoip2",
]
