/// CORS. A request whose Origin is taken gets the headers on its response, whatever the endpoint sends under these
/// names; an OPTIONS request of that kind is answered with 204, `Access-Control-Max-Age` and the rest, and goes no
/// further. Where the Origin is not taken, nothing is added.
package struct CrossOriginPolicy: Hashable, Sendable {
    /// `*`; `scheme://host[:port]`; or with `*.` in front of the host for exactly one label. With `*` alone the answer
    /// is `*`, otherwise the request's own Origin.
    package var origins: [String] = []
    package var methods = ""
    package var headers = ""
    /// Empty: the header is not sent.
    package var exposedHeaders = ""
    package var allowsCredentials = false
    package var maximumAgeSeconds: UInt32 = 0

    package init() {}
}

/// A copy of each request goes elsewhere, and what comes back is thrown away; it never slows or fails the request
/// itself.
package struct MirrorPolicy: Hashable, Sendable {
    package var target: RemoteTarget?
    package var sendsBody = false

    package init() {}
}
