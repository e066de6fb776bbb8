/// Where spans go.
let tracingOptions: [GlobalOptionDefinition] = [
    ("opentelemetry-config", ValueType.string, "/etc/ingress-controller/telemetry/opentelemetry.toml"),
    ("otlp-collector-host", .string, ""), ("otlp-collector-port", .number, "4317"),
    ("otel-max-queuesize", .number, "2048"), ("otel-schedule-delay-millis", .number, "5000"),
    ("otel-max-export-batch-size", .number, "512"), ("otel-service-name", .string, "nginx"),
    ("otel-sampler", .string, "AlwaysOn"), ("otel-sampler-parent-based", .bool, "true"),
    ("otel-sampler-ratio", .string, "0.01"),
].map { key, type, standard in
    .withoutEffect(
        key, type, default: standard,
        "Concerns nginx's exporter of spans. \(tracingReason)")
}
