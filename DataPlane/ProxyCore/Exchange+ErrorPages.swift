import EventLoop
import HTTPCore
import Policies
import PorticoModel
import Upstreams

/// Errors that another service puts into words (`custom-http-errors`). Its answer goes to the client with the status that it
/// gives, as with ingress-nginx.
extension Exchange {
    /// Whether an error with that status is another service's to answer, and the service is there.
    ///
    /// - Parameter isResponse: it came from an endpoint.
    func hasErrorPage(for status: Int, isResponse: Bool, _ extras: ExchangeExtras) -> Bool {
        guard !extras.isErrorPage, let pages = extras.features?.errorPages, pages.replaces(status),
            !isResponse || pages.interceptsResponses
        else { return false }
        let name = pages.upstream.isEmpty ? tables.globals.defaultUpstream ?? "" : pages.upstream
        return !name.isEmpty && !core.upstreams.upstream(named: name).endpoints.isEmpty
    }

    /// Asks the service for its page. Nothing of a response has gone to the client.
    func startErrorPage(for status: Int, _ extras: ExchangeExtras) {
        guard let pages = extras.features?.errorPages else { return }
        let name = pages.upstream.isEmpty ? tables.globals.defaultUpstream ?? "" : pages.upstream
        startErrorPage(for: status, at: core.upstreams.upstream(named: name), extras)
    }

    func startErrorPage(for status: Int, at upstream: Upstream, _ extras: ExchangeExtras) {
        guard let downstream else { return }
        if let connection {
            note(connection.endpoint, status: status)
            self.connection = nil
            connection.close()
        }
        if !hasWholeBody || framing != .none && receivedBody == 0 {
            // What still comes of the body is nobody's.
            downstream.flags.insert([.closesAfterResponse, .lingers])
            downstream.state = .waiting
            loop.setDeadline(downstream, at: .max)
        }
        extras.isErrorPage = true
        // It speaks HTTP, whatever the endpoints of the route speak.
        if policy.backendProtocol != .http { policyRecord = tables.plainPolicy }
        extras.upstream = upstream
        writeErrorRequest(status, extras)
        startAttempt()
    }

    /// Another service takes the request as it is, and is told why, because the route's own has no endpoint.
    func hand(_ extras: ExchangeExtras, to fallback: Upstream) {
        extras.isErrorPage = true
        extras.upstream = fallback
        if policy.backendProtocol != .http { policyRecord = tables.plainPolicy }
        guard !isHeadComplete else { return }
        var described = ByteWriter(core.policies.headScratch)
        writeErrorFields(503, extras, to: &described)
        guard !described.overflowed else { return }
        // With room for what completes the head.
        buffers.reserve(described.count + 64, in: &head)
        buffers.append(described.written, to: &head)
    }

    /// Replaces the request by `GET /` with the fields that tell what happened.
    private func writeErrorRequest(_ status: Int, _ extras: ExchangeExtras) {
        body.free(to: buffers)
        buffers.give(&head)
        framing = .none
        hasWholeBody = true
        streamsBody = false
        bodyIsInHead = false
        hasStreamedBytes = false
        wantsUpgrade = false
        isHeadComplete = false
        (attempts, tried) = (0, 0)
        var described = ByteWriter(core.policies.headScratch)
        described.append(method == .head ? "HEAD / HTTP/1.1\r\n" : "GET / HTTP/1.1\r\n")
        described.append("Host: ")
        if let host = field("host", extras) { described.append(host) }
        described.append("\r\n")
        writeErrorFields(status, extras, to: &described)
        if described.overflowed { described.truncate(to: 0) }
        buffers.reserve(described.count + 64, in: &head)
        buffers.append(described.written, to: &head)
        headCount = head.count
        method = method == .head ? .head : .get
    }

    private func writeErrorFields(_ status: Int, _ extras: ExchangeExtras, to writer: inout ByteWriter) {
        writer.append("X-Code: ")
        writer.append(decimal: status)
        writer.append("\r\nX-Format: ")
        if let accept = field("accept", extras) { writer.append(accept) }
        writer.append("\r\nX-Original-URI: ")
        writer.append(extras.savedHead.bytes[extras.savedTarget])
        for (name, variable) in Self.errorVariables {
            writer.append("\r\n")
            writer.append(name)
            writer.append(": ")
            _ = write(variable, to: &writer)
        }
        writer.append("\r\n")
    }

    private static let errorVariables: [(StaticString, NamedVariable)] = [
        ("X-Namespace", .namespace), ("X-Ingress-Name", .ingressName), ("X-Service-Name", .serviceName),
        ("X-Service-Port", .servicePort), ("X-Request-ID", .reqID),
    ]
}
