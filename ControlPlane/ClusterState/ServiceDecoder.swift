import PorticoModel

/// Decodes Service.
enum ServiceDecoder {
    static func decode(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> Service {
        var service = Service(metadata: metadata)
        guard let spec = reader.map(node, "spec", "") else {
            if node["spec"] == nil { reader.refuse(node, "spec", "is required") }
            return service
        }
        service.kind = decodeKind(spec, reader)
        decodeAddresses(spec, reader, into: &service)
        if service.kind == .externalName {
            service.externalName = decodeExternalName(spec, reader)
        }
        service.ports = decodePorts(spec, reader)
        let needsPorts = service.kind != .externalName && !service.isHeadless
        if needsPorts, service.ports.isEmpty, spec["ports"]?.list?.isEmpty ?? true {
            reader.refuse(spec["ports"] ?? spec, "spec.ports", "is required")
        }
        return service
    }

    private static func decodeKind(_ spec: ObjectNode, _ reader: FieldReader) -> Service.Kind {
        guard let text = reader.string(spec, "type", "spec"), !text.isEmpty else { return .clusterIP }
        if let kind = Service.Kind(rawValue: text) { return kind }
        reader.refuse(
            spec["type"], "spec.type", "must be ClusterIP, NodePort, LoadBalancer or ExternalName, not '\(text)'")
        return .clusterIP
    }

    private static func decodeAddresses(_ spec: ObjectNode, _ reader: FieldReader, into service: inout Service) {
        let single = reader.string(spec, "clusterIP", "spec")
        var texts = reader.list(spec, "clusterIPs", "spec").compactMap(\.string)
        if texts.isEmpty, let single, !single.isEmpty { texts = [single] }
        service.isHeadless = texts.first == "None" && service.kind != .externalName
        for text in texts where text != "None" {
            guard let address = IPAddress(text) else {
                reader.refuse(spec["clusterIPs"] ?? spec["clusterIP"], "spec.clusterIP", "'\(text)' is no IP address")
                continue
            }
            service.clusterIPs.append(address)
        }
    }

    private static func decodeExternalName(_ spec: ObjectNode, _ reader: FieldReader) -> String {
        guard var name = reader.requiredString(spec, "externalName", "spec") else { return "" }
        if name.hasSuffix(".") { name.removeLast() }
        // An IPv6 address is no DNS name, yet ingress-nginx takes it.
        if IPAddress(name) == nil, let fault = NameSyntax.subdomainFault(name) {
            reader.refuse(spec["externalName"], "spec.externalName", "'\(name)': \(fault)")
        }
        return name
    }

    private static func decodePorts(_ spec: ObjectNode, _ reader: FieldReader) -> [Service.Port] {
        let nodes = reader.maps(spec, "ports", "spec")
        var names: Set<String> = []
        return nodes.compactMap { index, node in
            let field = "spec.ports[\(index)]"
            let name = reader.string(node, "name", field) ?? ""
            if name.isEmpty, nodes.count > 1 { reader.refuse(node, "\(field).name", "is required with several ports") }
            if !name.isEmpty, let fault = NameSyntax.labelFault(name) {
                reader.refuse(node["name"], "\(field).name", "'\(name)': \(fault)")
            }
            if !name.isEmpty, !names.insert(name).inserted {
                reader.refuse(node["name"], "\(field).name", "'\(name)' is given twice")
            }
            if node["port"] == nil { reader.refuse(node, "\(field).port", "is required") }
            guard let port = reader.portNumber(node, "port", field) else { return nil }
            return Service.Port(
                name: name, port: port, targetPort: decodeTargetPort(node, reader, field),
                isTCP: decodeIsTCP(node, reader, field))
        }
    }

    private static func decodeTargetPort(_ node: ObjectNode, _ reader: FieldReader, _ field: String) -> PortReference? {
        guard let target = node["targetPort"] else { return nil }
        if let name = target.string {
            if let fault = NameSyntax.portNameFault(name) {
                reader.refuse(target, "\(field).targetPort", "'\(name)': \(fault)")
            }
            return .name(name)
        }
        // The API server's default, which it also fills in for a literal zero.
        if case .number("0") = target.content { return nil }
        return reader.portNumber(node, "targetPort", field).map { .number($0) }
    }

    static func decodeIsTCP(_ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String) -> Bool {
        switch reader.string(node, "protocol", field()) {
        case nil, "", "TCP": return true
        case "UDP", "SCTP": return false
        case let text?:
            reader.refuse(node["protocol"], "\(field()).protocol", "must be TCP, UDP or SCTP, not '\(text)'")
            return false
        }
    }
}
