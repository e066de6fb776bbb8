/// The keys of ingress-nginx 1.15's ConfigMap that Portico knows by name and does not carry.
let uncarriedGlobalOptions: Set<String> = []
