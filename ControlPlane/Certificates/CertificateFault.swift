/// Why a Secret is of no use for TLS. The text goes into diagnostics, and quotes nothing of the Secret.
package struct CertificateFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
