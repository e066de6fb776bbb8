/// The annotations of ingress-nginx 1.15 that Portico knows by name and does not carry.
let uncarriedNginxAnnotations: [UncarriedAnnotation] = []
