import PorticoModel

/// How TLS is spoken to a route's endpoints, with a place for what was made of it.
package final class CompiledUpstreamTLS {
    package let settings: UpstreamTLS
    /// The name that counts is that of each request's host.
    package let takesHostOfRequest: Bool
    /// Kept by whoever speaks TLS, so that nothing is looked up per request.
    @exclusivity(unchecked) package var known: AnyObject?

    package init(_ settings: UpstreamTLS) {
        self.settings = settings
        takesHostOfRequest = settings.name.isEmpty && (settings.verifies || settings.sendsServerName)
    }
}
