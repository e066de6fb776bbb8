/// What is spoken to an endpoint (`backend-protocol`). Raw values are on the wire.
package enum BackendProtocol: UInt32, Hashable, Sendable, CaseIterable {
    case http = 0
    case https = 1
    /// HTTP/2 with prior knowledge.
    case grpc = 2
    /// HTTP/2 over TLS.
    case grpcs = 3
    /// HTTP or HTTPS, as the client came.
    case autoHTTP = 4
    case fastCGI = 5

    package var isGRPC: Bool { self == .grpc || self == .grpcs }

    /// - Parameter clientUsesTLS: how the client came.
    package func usesTLS(clientUsesTLS: Bool) -> Bool {
        self == .https || self == .grpcs || self == .autoHTTP && clientUsesTLS
    }
}

/// What a FastCGI application is told beside the request.
package struct FastCGIPolicy: Hashable, Sendable {
    /// Added to a path that ends with a slash (`fastcgi-index`).
    package var index = ""
    /// Parameters and the templates of their values, in order of name (`fastcgi-params-configmap`). They replace those
    /// that Portico sends by itself.
    package var parameters: [HeaderAssignment] = []

    package init() {}
}
