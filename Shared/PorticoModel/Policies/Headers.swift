/// A header and the template of its value.
package struct HeaderAssignment: Hashable, Sendable {
    package var name = ""
    /// An empty value, once its variables are filled in, removes the header or does not send it.
    package var value = ""

    package init() {}
}

/// Headers that the route sets or hides.
package struct HeaderPolicy: Hashable, Sendable {
    /// Set in the request to the endpoint, in place of what the client sent and of what Portico sends by itself.
    package var requestHeaders: [HeaderAssignment] = []
    /// Set in every response whatever its status, in place of the endpoint's own (`custom-headers`).
    package var responseHeaders: [HeaderAssignment] = []
    /// Lower case. Not passed on from the endpoint's response.
    package var hiddenHeaders: [String] = []
    /// The Connection header towards the endpoint (`connection-proxy-header`), a template; empty: as the protocol
    /// demands.
    package var connectionHeader = ""

    package init() {}
}
