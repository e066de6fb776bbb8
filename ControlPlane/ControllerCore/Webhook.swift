import Admission
import Logging
import ProcessSupervision

/// The validating admission webhook.
package struct WebhookConfiguration: Hashable, Sendable {
    package var address: ListenAddress
    /// PEM, the chain after the certificate.
    package var certificate: String
    package var key: String

    package init(address: ListenAddress, certificate: String, key: String) {
        self.address = address
        self.certificate = certificate
        self.key = key
    }

    func server(reviewer: any IngressReviewer, logger: Logger) throws(ControllerStartError) -> WebhookServer {
        do {
            return try WebhookServer(
                address: address,
                credentials: ServerCredentials(certificate: certificate, key: key, logger: logger),
                handler: WebhookHandler(reviewer: reviewer), logger: logger)
        } catch { throw ControllerStartError("\(error)") }
    }
}
