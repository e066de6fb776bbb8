internal import CPorticoSnapshot
import PorticoModel

/// Spans as OpenTelemetry's protocol has them, on the control link and on the way to a collector.
package enum SpanCodec {
    /// A request of `opentelemetry.proto.collector.trace.v1.TraceService/Export`.
    package static func exportRequest(_ spans: [Span], serviceName: String, scope: String) -> [UInt8] {
        let arena = MessageArena()
        let scoped = arena.make(portico__otlp__v1__scope_spans__init)
        scoped.pointee.scope = arena.make(portico__otlp__v1__instrumentation_scope__init)
        scoped.pointee.scope.pointee.name = arena.text(scope)
        scoped.pointee.n_spans = spans.count
        scoped.pointee.spans = list(spans, in: arena)
        let resource = arena.make(portico__otlp__v1__resource__init)
        resource.pointee.n_attributes = 1
        resource.pointee.attributes = attributes([SpanAttribute("service.name", serviceName)], in: arena)
        let ofResource = arena.make(portico__otlp__v1__resource_spans__init)
        ofResource.pointee.resource = resource
        ofResource.pointee.n_scope_spans = 1
        ofResource.pointee.scope_spans = arena.list([scoped]) { $0 }
        let request = arena.make(portico__otlp__v1__export_trace_service_request__init)
        request.pointee.n_resource_spans = 1
        request.pointee.resource_spans = arena.list([ofResource]) { $0 }
        return packed(base(request))
    }

    // MARK: Encoding

    static func list(
        _ spans: [Span], in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Portico__Otlp__V1__Span>?>? {
        arena.list(spans) { message(of: $0, in: arena) }
    }

    private static func message(
        of span: Span, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Otlp__V1__Span>? {
        let message = arena.make(portico__otlp__v1__span__init)
        message.pointee.trace_id = arena.data(span.traceID)
        message.pointee.span_id = arena.data(span.spanID)
        message.pointee.parent_span_id = arena.data(span.parentID)
        message.pointee.trace_state = arena.text(span.traceState)
        message.pointee.name = arena.text(span.name)
        message.pointee.kind = span.kind.rawValue
        message.pointee.start_time_unix_nano = span.startNanoseconds
        message.pointee.end_time_unix_nano = span.endNanoseconds
        message.pointee.n_attributes = span.attributes.count
        message.pointee.attributes = attributes(span.attributes, in: arena)
        if span.isError {
            message.pointee.status = arena.make(portico__otlp__v1__status__init)
            message.pointee.status.pointee.code = errorCode
        }
        return message
    }

    private static let errorCode: UInt32 = 2

    private static func attributes(
        _ attributes: [SpanAttribute], in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Portico__Otlp__V1__KeyValue>?>? {
        arena.list(attributes) { attribute in
            let message = arena.make(portico__otlp__v1__key_value__init)
            message.pointee.key = arena.text(attribute.name)
            let value = arena.make(portico__otlp__v1__any_value__init)
            switch attribute.value {
            case .text(let text):
                value.pointee.value_case = PORTICO__OTLP__V1__ANY_VALUE__VALUE_STRING_VALUE
                value.pointee.string_value = arena.text(text)
            case .number(let number):
                value.pointee.value_case = PORTICO__OTLP__V1__ANY_VALUE__VALUE_INT_VALUE
                value.pointee.int_value = number
            }
            message.pointee.value = value
            return message
        }
    }

    // MARK: Decoding

    static func span(_ message: Portico__Otlp__V1__Span) throws(SnapshotError) -> Span {
        let reader = FieldReader(message: "Span")
        guard let kind = Span.Kind(rawValue: message.kind) else { throw reader.invalid("kind", "\(message.kind)") }
        guard message.trace_id.len == Span.traceByteCount, message.span_id.len == Span.spanByteCount,
            message.parent_span_id.len == 0 || message.parent_span_id.len == Span.spanByteCount
        else { throw reader.invalid("span_id", "(of another length)") }
        var span = Span(
            traceID: reader.bytes(message.trace_id), spanID: reader.bytes(message.span_id),
            parentID: reader.bytes(message.parent_span_id), kind: kind, name: try reader.text(message.name, "name"),
            startNanoseconds: message.start_time_unix_nano, endNanoseconds: message.end_time_unix_nano)
        span.traceState = try reader.text(message.trace_state, "trace_state")
        span.isError = message.status.map { $0.pointee.code == errorCode } ?? false
        span.attributes = try reader.list(message.attributes, message.n_attributes, "attributes", attribute)
        return span
    }

    private static func attribute(_ message: Portico__Otlp__V1__KeyValue) throws(SnapshotError) -> SpanAttribute {
        let reader = FieldReader(message: "KeyValue")
        let name = try reader.text(message.key, "key")
        guard let value = message.value else { return SpanAttribute(name, "") }
        if value.pointee.value_case == PORTICO__OTLP__V1__ANY_VALUE__VALUE_INT_VALUE {
            return SpanAttribute(name, number: value.pointee.int_value)
        }
        guard value.pointee.value_case == PORTICO__OTLP__V1__ANY_VALUE__VALUE_STRING_VALUE else {
            return SpanAttribute(name, "")
        }
        return SpanAttribute(name, try reader.text(value.pointee.string_value, "string_value"))
    }
}
