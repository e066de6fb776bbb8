/// Answers that another service makes in place of this one's errors (`custom-http-errors`, `default-backend`).
package struct ErrorPagePolicy: Hashable, Sendable {
    /// Sorted. A response of the endpoint, or an answer made here, with one of these statuses is replaced by what
    /// `upstream` answers to `GET /` with X-Code (the status), X-Format (the request's Accept), X-Original-URI,
    /// X-Namespace, X-Ingress-Name, X-Service-Name, X-Service-Port and X-Request-ID. The status is the one that service
    /// gives.
    package var statuses: [UInt32] = []
    /// Who makes error pages. Empty: the global default backend. Where there is none, or it has no endpoint, errors stay as
    /// they are.
    package var upstream = ""
    /// Takes the route's requests while its own upstream has no endpoint (`default-backend`). Empty: 503. Such requests go
    /// there as they are, and carry the X-Code headers too, with 503.
    package var fallbackUpstream = ""
    /// Whether the endpoint's own error responses are replaced; otherwise only those made here
    /// (`disable-proxy-intercept-errors` turns it off).
    package var interceptsResponses = false

    package init() {}
}
