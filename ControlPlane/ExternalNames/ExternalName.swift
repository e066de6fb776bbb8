/// An upstream whose service is of type ExternalName: its endpoints are what the name resolves to.
package struct ExternalName: Hashable, Sendable {
    package var upstream: String
    /// A DNS name, or an address written out.
    package var hostname: String
    package var port: UInt16

    package init(upstream: String, hostname: String, port: UInt16) {
        self.upstream = upstream
        self.hostname = hostname
        self.port = port
    }
}
