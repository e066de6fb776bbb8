import ClusterState
import Glibc
import PorticoModel

/// Writes an object down so that `ObjectDecoder` reads the same again: what Portico does not use is left out.
package enum ObjectEncoder {
    /// - Returns: nil for a kind that is not to be written down.
    package static func encode(_ object: KubernetesObject) -> ObjectNode? {
        var node: ObjectNode
        switch object {
        case .ingress(let ingress):
            node = encode(ingress)
        case .ingressClass(let ingressClass): node = encode(ingressClass)
        case .service(let service): node = encode(service)
        case .endpointSlice(let slice): node = encode(slice)
        case .configMap(let configMap): node = encode(configMap)
        case .secret, .endpoints, .namespace: return nil
        }
        node.set("apiVersion", to: .text(object.kind.apiVersion))
        node.set("kind", to: .text(object.kind.rawValue))
        let metadata = object.metadata
        node.set("metadata", "name", to: .text(metadata.name.name))
        if object.kind.isNamespaced { node.set("metadata", "namespace", to: .text(metadata.name.namespace)) }
        if let seconds = metadata.createdAt {
            let time = KubernetesTime.second(timespec(tv_sec: Int(seconds), tv_nsec: 0))
            node.set("metadata", "creationTimestamp", to: .text(time))
        }
        let annotations = metadata.annotations.map { ObjectNode.Field(key: $0.key, value: .text($0.value)) }
        if !annotations.isEmpty { node.set("metadata", "annotations", to: ObjectNode(.map(annotations))) }
        return node
    }

    // MARK: Ingress

    private static func encode(_ ingress: Ingress) -> ObjectNode {
        var node: ObjectNode = [:]
        if !ingress.uid.isEmpty { node.set("metadata", "uid", to: .text(ingress.uid)) }
        if let name = ingress.className { node.set("spec", "ingressClassName", to: .text(name)) }
        if let backend = ingress.defaultBackend { node.set("spec", "defaultBackend", to: encode(backend)) }
        if !ingress.rules.isEmpty { node.set("spec", "rules", to: .items(ingress.rules.map(encode))) }
        if !ingress.tls.isEmpty { node.set("spec", "tls", to: .items(ingress.tls.map(encode))) }
        if !ingress.addresses.isEmpty {
            node.set("status", "loadBalancer", "ingress", to: .items(ingress.addresses.map(\.node)))
        }
        return node
    }

    private static func encode(_ rule: Ingress.Rule) -> ObjectNode {
        var node: ObjectNode = [:]
        if !rule.host.isEmpty { node.set("host", to: .text(rule.host)) }
        guard !rule.paths.isEmpty else { return node }
        let paths = rule.paths.map { path in
            [
                "path": .text(path.path), "pathType": .text(path.type.rawValue), "backend": encode(path.backend),
            ] as ObjectNode
        }
        node.set("http", "paths", to: .items(paths))
        return node
    }

    private static func encode(_ backend: IngressBackend) -> ObjectNode {
        switch backend {
        case .resource(let kind, let name): ["resource": ["kind": .text(kind), "name": .text(name)]]
        case .service(let name, .number(let number)):
            ["service": ["name": .text(name), "port": ["number": .number(Int(number))]]]
        case .service(let name, .name(let port)):
            ["service": ["name": .text(name), "port": ["name": .text(port)]]]
        }
    }

    private static func encode(_ tls: Ingress.TLS) -> ObjectNode {
        var node: ObjectNode = ["hosts": .items(tls.hosts.map { .text($0) })]
        if let name = tls.secretName { node.set("secretName", to: .text(name)) }
        return node
    }

    private static func encode(_ ingressClass: IngressClass) -> ObjectNode {
        var node: ObjectNode = ["spec": ["controller": .text(ingressClass.controller)]]
        guard let parameters = ingressClass.parameters else { return node }
        var named: ObjectNode = ["kind": .text(parameters.kind), "name": .text(parameters.name)]
        if !parameters.apiGroup.isEmpty { named.set("apiGroup", to: .text(parameters.apiGroup)) }
        if let namespace = parameters.namespace {
            named.set("scope", to: "Namespace")
            named.set("namespace", to: .text(namespace))
        }
        node.set("spec", "parameters", to: named)
        return node
    }

    // MARK: Others

    private static func encode(_ service: Service) -> ObjectNode {
        var node: ObjectNode = ["spec": ["type": .text(service.kind.rawValue)]]
        let addresses = (service.isHeadless ? ["None"] : []) + service.clusterIPs.map { ObjectNode.text($0.text) }
        if !addresses.isEmpty { node.set("spec", "clusterIPs", to: .items(addresses)) }
        if service.kind == .externalName { node.set("spec", "externalName", to: .text(service.externalName)) }
        let ports = service.ports.map { port in
            let target: ObjectNode =
                switch port.targetPort {
                case .number(let number): .number(Int(number))
                case .name(let name): .text(name)
                }
            return [
                "name": .text(port.name), "port": .number(Int(port.port)), "targetPort": target,
                "protocol": port.isTCP ? "TCP" : "UDP",
            ] as ObjectNode
        }
        if !ports.isEmpty { node.set("spec", "ports", to: .items(ports)) }
        return node
    }

    private static func encode(_ slice: EndpointSlice) -> ObjectNode {
        let isIPv6 = slice.addresses.first?.address.bytes.count == 16
        var node: ObjectNode = ["addressType": isIPv6 ? "IPv6" : "IPv4"]
        if !slice.serviceName.isEmpty {
            node.set("metadata", "labels", "kubernetes.io/service-name", to: .text(slice.serviceName))
        }
        let endpoints = slice.addresses.map { entry in
            [
                "addresses": .items([.text(entry.address.text)]),
                "conditions": [
                    "ready": ObjectNode(.bool(entry.isReady)), "serving": ObjectNode(.bool(entry.isServing)),
                    "terminating": ObjectNode(.bool(entry.isTerminating)),
                ],
            ] as ObjectNode
        }
        node.set("endpoints", to: .items(endpoints))
        let ports = slice.ports.map { port in
            var node: ObjectNode = ["name": .text(port.name), "protocol": port.isTCP ? "TCP" : "UDP"]
            if let number = port.number { node.set("port", to: .number(Int(number))) }
            return node
        }
        node.set("ports", to: .items(ports))
        return node
    }

    private static func encode(_ configMap: ConfigMap) -> ObjectNode {
        let data = configMap.data.map { ObjectNode.Field(key: $0.key, value: .text($0.value)) }
        return ["data": ObjectNode(.map(data))]
    }
}

extension LoadBalancerAddress {
    /// As the status has it.
    package var node: ObjectNode {
        var node: ObjectNode = [:]
        if !ip.isEmpty { node.set("ip", to: .text(ip)) }
        if !hostname.isEmpty { node.set("hostname", to: .text(hostname)) }
        let ports = ports.map { ["port": .number(Int($0.number)), "protocol": .text($0.transport)] as ObjectNode }
        if !ports.isEmpty { node.set("ports", to: .items(ports)) }
        return node
    }
}
