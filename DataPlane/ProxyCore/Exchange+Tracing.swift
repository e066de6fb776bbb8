import Glibc
import HTTPCore
import Policies
import PorticoModel

/// Spans of traced requests: one of the request, and one of each attempt at an endpoint, which are its children. Endpoints
/// are told the last attempt's as their parent.
extension Exchange {
    /// Longer values of attributes are cut.
    private static let longestAttribute = 2_048

    /// Continues the client's trace where it is trusted, or begins one.
    func beginTrace(_ tracing: CompiledTracing, _ extras: ExchangeExtras) {
        let incoming = tracing.trustsIncomingSpan ? incomingTrace(extras) : nil
        var context = incoming ?? TraceContext(beginning: &core.requestIDs)
        context.begin(by: tables.compiled.tracing, &core.requestIDs)
        extras.trace = RequestTrace(context: context, startNanoseconds: Self.clockNanoseconds)
    }

    /// What the client says of a trace; two words on it are none.
    private func incomingTrace(_ extras: ExchangeExtras) -> TraceContext? {
        let name: StaticString = "traceparent"
        let head = extras.savedHead.bytes
        let field = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        guard let (value, end) = FieldSearch.next(field, in: head, from: 0),
            FieldSearch.next(field, in: head, from: end) == nil
        else { return nil }
        return TraceContext(traceParent: value)
    }

    /// The fields that carry the trace on.
    func collectTraceFields(_ trace: RequestTrace, _ edits: HeaderEdits) {
        edits.set("traceparent") { trace.context.writeTraceParent(to: &$0) }
        // What vendors noted belongs to the trace that is not continued.
        if trace.context.parent == 0 { edits.remove("tracestate") }
    }

    /// At the end of the exchange.
    func endTrace(_ trace: RequestTrace, _ extras: ExchangeExtras) {
        let settings = tables.compiled.tracing
        guard settings.isExported, trace.context.isSampled else { return }
        var span = makeSpan(.server, named: spanName(extras), trace, id: trace.context.span)
        span.parentID = trace.context.parent == 0 ? [] : trace.context.parent.identifierBytes
        span.isError = status >= 500
        span.attributes = requestAttributes(extras)
        core.spans.add(span, limit: settings.maximumQueue)
        for index in attemptLog.indices {
            core.spans.add(attemptSpan(index, trace, extras), limit: settings.maximumQueue)
        }
    }

    private func makeSpan(_ kind: Span.Kind, named name: String, _ trace: RequestTrace, id: UInt64) -> Span {
        Span(
            traceID: trace.context.traceHigh.identifierBytes + trace.context.traceLow.identifierBytes,
            spanID: id.identifierBytes, parentID: trace.context.span.identifierBytes, kind: kind, name: name,
            startNanoseconds: trace.startNanoseconds,
            endNanoseconds: max(trace.startNanoseconds, Self.clockNanoseconds))
    }

    private func attemptSpan(_ index: Int, _ trace: RequestTrace, _ extras: ExchangeExtras) -> Span {
        let attempt = attemptLog[index]
        let isLast = index == attemptLog.count - 1
        let id = isLast ? trace.context.attempt : TraceContext.identifier(&core.requestIDs)
        var span = makeSpan(.client, named: methodName(extras), trace, id: id)
        span.startNanoseconds += (attempt.startedAt - min(startedAt, attempt.startedAt)) * 1_000_000
        span.endNanoseconds = span.startNanoseconds + attempt.milliseconds * 1_000_000
        span.isError = attempt.status == 0 || attempt.status >= 400
        let endpoint = String(decoding: attempt.endpoint.text, as: UTF8.self)
        span.attributes = [
            SpanAttribute("http.request.method", methodName(extras)), SpanAttribute("network.peer.address", endpoint),
        ]
        if attempt.status > 0 {
            span.attributes.append(SpanAttribute("http.response.status_code", number: Int64(attempt.status)))
        }
        if index > 0 { span.attributes.append(SpanAttribute("http.request.resend_count", number: Int64(index))) }
        return span
    }

    // MARK: What is known of the request

    private func methodName(_ extras: ExchangeExtras) -> String {
        String(decoding: extras.savedHead.bytes[extras.savedMethod], as: UTF8.self)
    }

    private func spanName(_ extras: ExchangeExtras) -> String {
        if let template = extras.features?.tracing?.name {
            let name = text(value(of: template))
            if !name.isEmpty { return name }
        }
        guard let path = route?.route.path else { return methodName(extras) }
        return "\(methodName(extras)) \(path)"
    }

    private func requestAttributes(_ extras: ExchangeExtras) -> [SpanAttribute] {
        var list = [SpanAttribute("http.request.method", methodName(extras))]
        func add(_ name: String, _ variable: NamedVariable) {
            var writer = ByteWriter(core.policies.valueScratch)
            if write(variable, to: &writer), !writer.overflowed {
                list.append(SpanAttribute(name, text(writer.written)))
            }
        }
        let target = extras.savedHead.bytes[extras.savedTarget]
        let pathEnd = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        list.append(SpanAttribute("url.path", text(UnsafeRawBufferPointer(rebasing: target[..<pathEnd]))))
        if pathEnd < target.count {
            list.append(SpanAttribute("url.query", text(UnsafeRawBufferPointer(rebasing: target[(pathEnd + 1)...]))))
        }
        add("url.scheme", .scheme)
        add("server.address", .host)
        add("client.address", .remoteAddress)
        if let agent = field("user-agent", extras) { list.append(SpanAttribute("user_agent.original", text(agent))) }
        list.append(SpanAttribute("http.response.status_code", number: Int64(status)))
        if let path = route?.route.path { list.append(SpanAttribute("http.route", path)) }
        // As ingress-nginx names them.
        add("ingress.namespace", .namespace)
        add("ingress.name", .ingressName)
        add("ingress.service_name", .serviceName)
        add("ingress.upstream", .proxyUpstreamName)
        return list
    }

    private func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix(Self.longestAttribute), as: UTF8.self)
    }

    private static var clockNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// The trace of a request, from its head to its end.
struct RequestTrace {
    var context: TraceContext
    /// Since 1970.
    var startNanoseconds: UInt64
}
