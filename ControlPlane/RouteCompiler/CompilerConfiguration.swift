import PorticoModel

/// Which Ingresses are ours.
package struct ClassSelection: Hashable, Sendable {
    /// The class that `kubernetes.io/ingress.class` must name (`--ingress-class`).
    package var ingressClass = "nginx"
    /// An IngressClass with one of these controllers is ours (`--controller-class`).
    package var controllerClasses: Set<String> = ["k8s.io/ingress-nginx", "portico.dev/ingress-controller"]
    /// An IngressClass named `ingressClass` is ours, whatever its controller (`--ingress-class-by-name`).
    package var ingressClassByName = false
    /// Ingresses without any class are ours (`--watch-ingress-without-class`).
    package var watchIngressWithoutClass = false
    /// For a folder of manifests, which often holds no IngressClass object: `ingressClass` and `portico` are ours
    /// though no such object exists, and where there is none at all, so are Ingresses without a class.
    package var acceptsMissingClassObjects = false
    /// Ingresses with a default backend of their own are not served (`--disable-catch-all`).
    package var refusesCatchAll = false
    /// The classes of a named class group (`--class-group`): these are ours whatever their controller, and no others.
    package var onlyClasses: Set<String>?
    /// The classes of other groups, which are never ours.
    package var exceptClasses: Set<String> = []

    package init() {}
}

/// What the compiler is told at start.
package struct CompilerConfiguration: Hashable, Sendable {
    package var classes = ClassSelection()
    /// Where the global settings are (`--configmap`).
    package var configMap: ObjectName?
    /// Where the TCP and UDP services are (`--tcp-services-configmap`, `--udp-services-configmap`).
    package var tcpServices: ObjectName?
    package var udpServices: ObjectName?
    /// Ports that no TCP service may have, for they serve HTTP.
    package var reservedPorts: Set<UInt16> = []
    /// Redirects name ports by default: clients come to the proxy's own.
    package var redirectsNamePorts = false
    /// Takes the requests that no route claims (`--default-backend-service`); its first port is used.
    package var defaultBackendService: ObjectName?
    /// For hosts without a certificate of their own (`--default-ssl-certificate`).
    package var defaultCertificate: ObjectName?
    /// Whose `seed` the keys of session tickets are derived from (`--ticket-seed-secret`).
    package var ticketSeed: ObjectName?
    /// Services of type ExternalName lead nowhere (`--disable-svc-external-name`).
    package var refusesExternalNames = false
    /// Whether `ssl-passthrough` counts (`--enable-ssl-passthrough`).
    package var allowsPassthrough = false
    /// Before the slash of every vendor annotation (`--annotations-prefix`).
    package var annotationPrefix = "nginx.ingress.kubernetes.io"

    package init() {}
}
