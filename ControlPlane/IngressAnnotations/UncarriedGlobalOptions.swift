/// The keys of ingress-nginx 1.15's ConfigMap that Portico knows by name and does not carry.
let uncarriedGlobalOptions: Set<String> = [
    "enable-modsecurity", "enable-ocsp", "enable-owasp-modsecurity-crs", "force-ssl-redirect",
    "geoip2-autoreload-in-minutes", "grpc-buffer-size-kb", "hsts", "hsts-include-subdomains", "hsts-max-age",
    "hsts-preload", "http2-max-field-size", "http2-max-header-size",
    "http2-max-requests", "log-format-stream", "modsecurity-snippet", "no-tls-redirect-locations",
    "proxy-ssl-location-only",
    "ssl-buffer-size",
    "ssl-ciphers", "ssl-dh-param", "ssl-ecdh-curve", "ssl-protocols", "ssl-redirect", "ssl-reject-handshake",
    "ssl-session-cache", "ssl-session-cache-size", "ssl-session-ticket-key", "ssl-session-tickets",
    "ssl-session-timeout", "stream-access-log-path", "use-geoip2",
]
