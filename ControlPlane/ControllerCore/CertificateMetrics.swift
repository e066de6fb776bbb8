import Certificates
import PorticoModel
import PorticoTelemetry
import RouteCompiler

/// The certificates that hosts show, named and labelled as dashboards and alerts for ingress-nginx know them.
struct CertificateMetrics {
    let certificates: [ServedCertificate]
    let controllerClass: String
    let podNamespace: String

    func write(into text: inout PrometheusText) {
        let prefix = "nginx_ingress_controller_"
        text.begin(
            prefix + "ssl_certificate_info", .gauge, "1 for every certificate that a host shows; the labels tell of it")
        for served in certificates {
            let identity = served.certificate.identity
            text.sample(
                prefix + "ssl_certificate_info",
                [
                    ("class", controllerClass), ("host", served.host),
                    ("identifier", "\(identity.issuerNumber)-\(identity.serialNumber)"),
                    ("issuer_common_name", identity.issuerName),
                    ("issuer_organization", identity.issuerOrganization), ("namespace", served.secret.namespace),
                    ("public_key_algorithm", identity.keyAlgorithm), ("secret_name", served.secret.name),
                    ("serial_number", identity.serialNumber),
                ], UInt64(1))
        }
        text.begin(prefix + "ssl_expire_time_seconds", .gauge, "When the certificate expires, in seconds since 1970")
        for served in certificates {
            text.sample(
                prefix + "ssl_expire_time_seconds",
                [
                    ("class", controllerClass), ("host", served.host), ("namespace", podNamespace),
                    ("secret_name", served.secret.name),
                ], UInt64(clamping: served.certificate.notAfter))
        }
    }
}
