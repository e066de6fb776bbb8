import Foundation
import TestSupport
import Testing

extension ProcessTests {
    /// From a request to a collector, through worker, link and control plane.
    @Suite struct TracingTests {
        @Test func `spans of traced routes reach the collector, and the log names them`() throws {
            let (backend, collector) = (try ScriptedBackend(named: "shop"), try ScriptedBackend(named: ""))
            let settings = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: settings, namespace: default}
                data:
                  otlp-collector-host: "\(collector.address.host)"
                  otlp-collector-port: "\(collector.address.port)"
                  otel-service-name: edge
                  otel-schedule-delay-millis: "50"
                  log-format-upstream: "trace=$opentelemetry_trace_id span=$opentelemetry_span_id $uri"

                """
            let traced = ["nginx.ingress.kubernetes.io/enable-opentelemetry": "true"]
            let gateway = try TestGateway(
                files: [
                    "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop", annotations: traced)
                        + Manifests.ingress("plain", host: "plain.test", service: "shop")
                        + Manifests.service("shop", at: [backend.address]) + settings
                ], arguments: ["--configmap", "default/settings"])
            #expect(try gateway.get("/plain", host: "plain.test").status == 200)
            #expect(try gateway.get("/cart", host: "shop.test").status == 200)
            var spans: [CollectedSpan] = []
            try eventually("the collector has both spans") {
                spans = try collector.received.flatMap { try CollectedSpan.all(in: $0.body) }
                return spans.count >= 2
            }
            let server = try #require(spans.first { $0.kind == 2 })
            let client = try #require(spans.first { $0.kind == 3 })
            #expect(spans.count == 2)
            #expect(server.service == "edge")
            #expect(server.name == "GET /")
            #expect(server.attributes["url.path"] == "/cart")
            #expect(server.attributes["ingress.namespace"] == "default")
            #expect(server.attributes["ingress.service_name"] == "shop")
            #expect(client.parentID == server.spanID)
            #expect(client.attributes["network.peer.address"] == "\(backend.address)")
            let forwarded = try #require(backend.received.last?["traceparent"])
            #expect(forwarded == "00-\(server.traceID)-\(client.spanID)-01")
            eventually("the log names the span") {
                gateway.program.output.contains("trace=\(server.traceID) span=\(server.spanID) /cart")
            }
            // Another worker may have written this one.
            eventually("the other line names none") { gateway.program.output.contains("trace=- span=- /plain") }
            try eventually("exports are counted") { try gateway.metric("portico_exported_spans_total") == 2 }
        }
    }
}
