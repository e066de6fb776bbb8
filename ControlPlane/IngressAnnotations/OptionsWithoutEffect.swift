/// Keys that tune parts of nginx which do not exist here.
let optionsWithoutEffect: [GlobalOptionDefinition] =
    tuning(
        "nginx's hash tables; ours have no size to choose",
        [
            ("map-hash-bucket-size", .number, "64"), ("proxy-headers-hash-bucket-size", .number, "64"),
            ("proxy-headers-hash-max-size", .number, "512"), ("server-name-hash-bucket-size", .number, ""),
            ("server-name-hash-max-size", .number, "1024"), ("variables-hash-bucket-size", .number, "256"),
            ("variables-hash-max-size", .number, "2048"), ("lua-shared-dicts", .string, ""),
        ])
    + tuning(
        "nginx's processes and sockets; `portico-proxy` has `--workers`, and each worker its own socket",
        [
            ("worker-processes", .string, ""), ("worker-cpu-affinity", .string, ""), ("reuse-port", .bool, "true"),
            ("enable-multi-accept", .bool, "true"), ("max-worker-open-files", .number, "0"),
            ("enable-aio-write", .bool, "true"), ("enable-serial-reloads", .bool, "false"),
        ])
    + tuning(
        "listening addresses, which are `portico-proxy`'s options `--http` and `--https`",
        [
            ("bind-address", .list, ""), ("disable-ipv6", .bool, "false"),
        ])
    + tuning("nginx's resolver; the control plane resolves names", [("disable-ipv6-dns", .bool, "false")])
    + tuning(
        "nginx's status page; see /metrics",
        [
            ("nginx-status-ipv4-whitelist", .list, "127.0.0.1"), ("nginx-status-ipv6-whitelist", .list, "::1"),
        ])
    + tuning(
        "the error log, which goes to standard error",
        [
            ("error-log-path", .string, "/var/log/nginx/error.log"), ("error-log-level", .string, "notice"),
            ("debug-connections", .list, ""),
        ])
    + tuning(
        "nginx's writing of logs; ours go through a bounded buffer to a file or standard output",
        [
            ("access-log-params", .string, "")
        ])
    + tuning(
        "nginx's first header buffer; large-client-header-buffers sets the limits",
        [
            ("client-header-buffer-size", .size, "1k")
        ])
    + tuning(
        "limits that ingress-nginx gave up for those of HTTP/1: large-client-header-buffers",
        [
            ("http2-max-field-size", .size, ""), ("http2-max-header-size", .size, ""),
        ])
    + tuning(
        "a limit that ingress-nginx gave up for that of HTTP/1: keep-alive-requests",
        [
            ("http2-max-requests", .number, "0")
        ])
    + tuning(
        "nginx's buffer for responses to gRPC calls; ours has the room that flow control gives",
        [
            ("grpc-buffer-size-kb", .number, "0")
        ])
    + tuning(
        "a module that ingress-nginx no longer has",
        [
            ("use-geoip", .bool, "true"), ("jaeger-baggage-header", .string, "jaeger-baggage"),
            ("jaeger-collector-host", .string, ""), ("jaeger-collector-port", .number, "6831"),
            ("jaeger-debug-header", .string, "uber-debug-id"), ("jaeger-endpoint", .string, ""),
            ("jaeger-propagation-format", .string, "jaeger"), ("jaeger-sampler-host", .string, "http://127.0.0.1"),
            ("jaeger-sampler-param", .string, "1"), ("jaeger-sampler-port", .number, "5778"),
            ("jaeger-sampler-type", .string, "const"), ("jaeger-service-name", .string, "nginx"),
            ("jaeger-trace-baggage-header-prefix", .string, "uberctx-"),
            ("jaeger-trace-context-header-name", .string, "uber-trace-id"),
        ])
    + [
        .withoutEffect(
            "geoip2-autoreload-in-minutes", .number, default: "0",
            "The databases are looked at every minute, and one that was replaced is taken then.")
    ]
    + tuning("the Server header, which never names a version here", [("server-tokens", .bool, "false")])

private func tuning(
    _ what: String, _ keys: [(key: String, type: ValueType, standard: String)]
) -> [GlobalOptionDefinition] {
    keys.map { .withoutEffect($0.key, $0.type, default: $0.standard, "Concerns \(what).") }
}
