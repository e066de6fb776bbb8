/// The annotations of ingress-nginx 1.15 that Portico knows by name and does not carry.
let uncarriedNginxAnnotations: [UncarriedAnnotation] = [
    UncarriedAnnotation("enable-modsecurity", .ingress, .low),
    UncarriedAnnotation("enable-owasp-core-rules", .ingress, .low),
    UncarriedAnnotation("modsecurity-snippet", .ingress, .critical),
    UncarriedAnnotation("modsecurity-transaction-id", .ingress, .high),
]
