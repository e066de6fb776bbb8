import PorticoModel

/// Decodes EndpointSlice and Endpoints.
enum EndpointsDecoder {
    static func decodeSlice(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> EndpointSlice {
        let labels = node["metadata"].flatMap { reader.map($0, "labels", "metadata") }
        let serviceName = labels.flatMap { reader.string($0, "kubernetes.io/service-name", "metadata.labels") } ?? ""
        let type = reader.requiredString(node, "addressType", "")
        if let type, !["IPv4", "IPv6", "FQDN"].contains(type) {
            reader.refuse(node["addressType"], "addressType", "must be IPv4, IPv6 or FQDN, not '\(type)'")
        }
        var addresses: [EndpointSlice.Address] = []
        for (index, endpoint) in reader.maps(node, "endpoints", "") {
            // Slices of names are deprecated, and no controller fills them.
            if type == "FQDN" { continue }
            decodeEndpoint(endpoint, type, reader, "endpoints[\(index)]", into: &addresses)
        }
        return EndpointSlice(
            metadata: metadata, serviceName: serviceName, addresses: addresses,
            ports: decodePorts(node, reader, isNumberRequired: false, ""))
    }

    private static func decodeEndpoint(
        _ node: ObjectNode, _ type: String?, _ reader: FieldReader, _ field: @autoclosure () -> String,
        into addresses: inout [EndpointSlice.Address]
    ) {
        // A condition that is missing is unknown, which counts as ready; `serving` follows `ready` then.
        let conditions = reader.map(node, "conditions", field())
        let isReady = conditions.flatMap { reader.bool($0, "ready", "\(field()).conditions") } ?? true
        let isServing = conditions.flatMap { reader.bool($0, "serving", "\(field()).conditions") } ?? isReady
        let isTerminating = conditions.flatMap { reader.bool($0, "terminating", "\(field()).conditions") } ?? false
        let items = reader.list(node, "addresses", field())
        if items.isEmpty { reader.refuse(node, "\(field()).addresses", "is required") }
        for (index, item) in items.enumerated() {
            guard let text = item.string, let address = IPAddress(text), fits(address, type) else {
                reader.refuse(item, "\(field()).addresses[\(index)]", "must be an \(type ?? "IP") address")
                continue
            }
            addresses.append(
                EndpointSlice.Address(
                    address: address, isReady: isReady, isServing: isServing, isTerminating: isTerminating))
        }
    }

    private static func fits(_ address: IPAddress, _ type: String?) -> Bool {
        switch type {
        case "IPv4": address.bytes.count == 4
        case "IPv6": address.bytes.count == 16
        default: true
        }
    }

    static func decode(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> Endpoints {
        let subsets = reader.maps(node, "subsets", "").map { index, subset in
            let field = "subsets[\(index)]"
            return Endpoints.Subset(
                addresses: decodeAddresses(subset, reader, field),
                ports: decodePorts(subset, reader, isNumberRequired: true, field))
        }
        return Endpoints(metadata: metadata, subsets: subsets)
    }

    private static func decodeAddresses(_ subset: ObjectNode, _ reader: FieldReader, _ field: String) -> [IPAddress] {
        reader.maps(subset, "addresses", field).compactMap { index, node in
            let path = "\(field).addresses[\(index)]"
            guard let text = reader.requiredString(node, "ip", path) else { return nil }
            if let address = IPAddress(text) { return address }
            reader.refuse(node["ip"], "\(path).ip", "'\(text)' is no IP address")
            return nil
        }
    }

    private static func decodePorts(
        _ node: ObjectNode, _ reader: FieldReader, isNumberRequired: Bool, _ path: String
    ) -> [EndpointPort] {
        reader.maps(node, "ports", path).compactMap { index, port in
            let field = path.isEmpty ? "ports[\(index)]" : "\(path).ports[\(index)]"
            let number = reader.portNumber(port, "port", field)
            if isNumberRequired, port["port"] == nil { reader.refuse(port, "\(field).port", "is required") }
            return EndpointPort(
                name: reader.string(port, "name", field) ?? "", number: number,
                isTCP: ServiceDecoder.decodeIsTCP(port, reader, field))
        }
    }
}
