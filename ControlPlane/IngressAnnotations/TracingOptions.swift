import PorticoModel

/// Where spans go, and which.
struct TracingOptions: Hashable, Sendable {
    var host = ""
    /// OTLP over HTTP; `TraceCollector` says what becomes of gRPC's port.
    var port: UInt16 = 4_318
    var serviceName = "nginx"
    var delayMilliseconds: UInt32 = 5_000
    var maximumBatch: UInt32 = 512
}

extension GlobalOptions {
    /// Nil where no `otlp-collector-host` is given.
    package var collector: TraceCollector? {
        guard !tracing.host.isEmpty else { return nil }
        var collector = TraceCollector(host: tracing.host, port: tracing.port)
        collector.serviceName = tracing.serviceName
        collector.maximumQueue = Int(settings.tracing.maximumQueue)
        collector.delayMilliseconds = Int(tracing.delayMilliseconds)
        collector.maximumBatch = Int(min(tracing.maximumBatch, settings.tracing.maximumQueue))
        return collector
    }
}

/// Sampling and the way of spans. Whether a route is traced is said by the keys of `routeOptions`.
let tracingOptions: [GlobalOptionDefinition] = [
    .withoutEffect(
        "opentelemetry-config", .string, default: "/etc/ingress-controller/telemetry/opentelemetry.toml",
        "A file of nginx's module, which is not read: the other keys say all."),
    GlobalOptionDefinition(
        "otlp-collector-host", .string, default: "",
        "The collector that spans are sent to; without one, none are recorded."
    ) { value, options throws(ValueFault) in
        let host = ValueParser.trim(value)
        guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._:".contains($0)) }) else {
            throw ValueFault("must be a host name or an address, not '\(value)'", consequence: "no spans are sent")
        }
        options.tracing.host = host
    },
    GlobalOptionDefinition(
        "otlp-collector-port", .number, default: "4318",
        "The collector's port for OTLP over HTTP. 4317, which is gRPC's, is read as 4318."
    ) { value, options throws(ValueFault) in
        guard let port = UInt16(ValueParser.trim(value)), port > 0 else {
            throw ValueFault("must be a port, not '\(value)'")
        }
        options.tracing.port = port
    },
    GlobalOptionDefinition(
        "otel-service-name", .string, default: "nginx", "The name under which spans are found."
    ) { value, options throws(ValueFault) in options.tracing.serviceName = ValueParser.trim(value) },
    GlobalOptionDefinition(
        "otel-max-queuesize", .number, default: "2048",
        "How many spans may wait, in each worker and again in the control plane; more are dropped and counted."
    ) { value, options throws(ValueFault) in
        options.settings.tracing.maximumQueue = try ValueParser.count(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "otel-schedule-delay-millis", .number, default: "5000", "How long spans are collected that are sent together."
    ) { value, options throws(ValueFault) in options.tracing.delayMilliseconds = try ValueParser.count(value) },
    GlobalOptionDefinition(
        "otel-max-export-batch-size", .number, default: "512", "How many spans are sent together at most."
    ) { value, options throws(ValueFault) in options.tracing.maximumBatch = try ValueParser.count(value, atLeast: 1) },
    GlobalOptionDefinition(
        "otel-sampler", .string, default: "AlwaysOn",
        "Which traces that begin here are recorded: AlwaysOn, AlwaysOff or TraceIdRatioBased."
    ) { value, options throws(ValueFault) in
        options.settings.tracing.sampler = try ValueParser.choice(
            value, ["AlwaysOn": .always, "AlwaysOff": .never, "TraceIdRatioBased": .ratio])
    },
    GlobalOptionDefinition(
        "otel-sampler-ratio", .string, default: "0.01",
        "The share of traces that TraceIdRatioBased records, from 0 to 1."
    ) { value, options throws(ValueFault) in
        guard let ratio = Double(ValueParser.trim(value)), (0...1).contains(ratio) else {
            throw ValueFault("must be a number from 0 to 1, not '\(value)'")
        }
        options.settings.tracing.threshold = TracingSettings.threshold(ratio: ratio)
    },
    GlobalOptionDefinition(
        "otel-sampler-parent-based", .bool, default: "true",
        "The client's decision to record counts, where its trace is continued."
    ) { value, options throws(ValueFault) in options.settings.tracing.followsParent = try ValueParser.bool(value) },
]
