import PorticoModel

/// Decodes Ingress and IngressClass.
enum IngressDecoder {
    static func decode(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> Ingress {
        var ingress = Ingress(metadata: metadata)
        ingress.uid = node["metadata"]?["uid"]?.string ?? ""
        ingress.addresses = LoadBalancerAddress.list(in: node["status"])
        guard let spec = reader.map(node, "spec", "") else {
            if node["spec"] == nil {
                reader.refuse(node, "spec", "either `defaultBackend` or `rules` must be specified")
            }
            return ingress
        }
        ingress.className = decodeClassName(spec, reader)
        ingress.classNameLine = (spec["ingressClassName"] ?? node).line
        if let backend = reader.map(spec, "defaultBackend", "spec") {
            ingress.defaultBackendLine = backend.line
            ingress.defaultBackend = decodeBackend(backend, reader, "spec.defaultBackend")
        }
        let rules = reader.maps(spec, "rules", "spec")
        if rules.isEmpty, spec["defaultBackend"] == nil {
            reader.refuse(spec, "spec", "either `defaultBackend` or `rules` must be specified")
        }
        ingress.rules = rules.map { decodeRule($0.node, reader, "spec.rules[\($0.index)]") }
        ingress.tls = reader.maps(spec, "tls", "spec").map { decodeTLS($0.node, reader, "spec.tls[\($0.index)]") }
        return ingress
    }

    static func decodeClass(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> IngressClass {
        guard let spec = reader.map(node, "spec", "") else {
            if node["spec"] == nil { reader.refuse(node, "spec.controller", "is required") }
            return IngressClass(metadata: metadata, controller: "")
        }
        let controller = reader.requiredString(spec, "controller", "spec") ?? ""
        if !controller.isEmpty, let fault = controllerFault(controller) {
            reader.refuse(spec["controller"], "spec.controller", fault)
        }
        let parameters = reader.map(spec, "parameters", "spec").flatMap { decodeParameters($0, reader) }
        return IngressClass(metadata: metadata, controller: controller, parameters: parameters)
    }

    /// By the API server's rules: a scope is `Cluster` unless it says `Namespace`, and only that has a namespace.
    private static func decodeParameters(_ node: ObjectNode, _ reader: FieldReader) -> IngressClass.Parameters? {
        let path = "spec.parameters"
        let apiGroup = reader.string(node, "apiGroup", path) ?? ""
        guard let kind = reader.requiredString(node, "kind", path), let name = reader.requiredString(node, "name", path)
        else { return nil }
        let namespace = reader.string(node, "namespace", path)
        switch reader.string(node, "scope", path) ?? "Cluster" {
        case "Cluster":
            if namespace != nil {
                reader.refuse(node["namespace"], "\(path).namespace", "must not be given where the scope is Cluster")
            }
        case "Namespace":
            if namespace == nil || namespace == "" {
                reader.refuse(node, "\(path).namespace", "is required where the scope is Namespace")
            }
        case let other:
            reader.refuse(node["scope"], "\(path).scope", "must be Cluster or Namespace, not '\(other)'")
        }
        return IngressClass.Parameters(
            apiGroup: apiGroup, kind: kind, name: name, namespace: namespace, line: node.line)
    }

    private static func controllerFault(_ controller: String) -> String? {
        guard controller.utf8.count <= 250 else { return "must be no more than 250 characters" }
        let parts = controller.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else {
            return "must be a domain and a path, as in 'example.com/name'"
        }
        return NameSyntax.subdomainFault(parts[0]).map { "the part before the slash \($0)" }
    }

    private static func decodeClassName(_ spec: ObjectNode, _ reader: FieldReader) -> String? {
        guard let name = reader.string(spec, "ingressClassName", "spec") else { return nil }
        if let fault = NameSyntax.subdomainFault(name) {
            reader.refuse(spec["ingressClassName"], "spec.ingressClassName", fault)
        }
        return name
    }

    private static func decodeRule(
        _ node: ObjectNode, _ reader: FieldReader, _ path: @autoclosure () -> String
    ) -> Ingress.Rule {
        let host = reader.string(node, "host", path()) ?? ""
        if !host.isEmpty, let fault = NameSyntax.hostFault(host) {
            reader.refuse(node["host"], "\(path()).host", "'\(host)': \(fault)")
        }
        var rule = Ingress.Rule(host: host, paths: [], line: node.line)
        guard let http = reader.map(node, "http", path()) else { return rule }
        let paths = reader.maps(http, "paths", "\(path()).http")
        if paths.isEmpty { reader.refuse(http, "\(path()).http.paths", "is required") }
        rule.paths = paths.map { decodePath($0.node, reader, "\(path()).http.paths[\($0.index)]") }
        return rule
    }

    private static func decodePath(
        _ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String
    ) -> Ingress.Path {
        let path = reader.string(node, "path", field()) ?? ""
        let type = decodePathType(node, reader, field())
        let fault = type.flatMap { pathFault(path, $0) }
        if let fault { reader.refuse(node["path"] ?? node, "\(field()).path", "'\(path)': \(fault)") }
        var backend: IngressBackend?
        if let child = reader.map(node, "backend", field()) {
            backend = decodeBackend(child, reader, "\(field()).backend")
        } else if node["backend"] == nil {
            reader.refuse(node, "\(field()).backend", "is required")
        }
        return Ingress.Path(
            path: path, type: type ?? .prefix, backend: backend ?? .resource(kind: "", name: ""), line: node.line)
    }

    private static func pathFault(_ path: String, _ type: Ingress.PathType) -> String? {
        switch type {
        case .exact, .prefix: return NameSyntax.pathFault(path)
        case .implementationSpecific:
            guard path.isEmpty || path.hasPrefix("/") else { return "must be an absolute path" }
            return NameSyntax.controlFault(path)
        }
    }

    private static func decodePathType(
        _ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String
    ) -> Ingress.PathType? {
        guard let text = reader.requiredString(node, "pathType", field()) else { return nil }
        if let type = Ingress.PathType(rawValue: text) { return type }
        reader.refuse(
            node["pathType"], "\(field()).pathType",
            "must be Exact, Prefix or ImplementationSpecific, not '\(text)'")
        return nil
    }

    private static func decodeBackend(
        _ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String
    ) -> IngressBackend? {
        let service = reader.map(node, "service", field())
        let resource = reader.map(node, "resource", field())
        switch (service, resource) {
        case (let service?, nil): return decodeServiceBackend(service, reader, "\(field()).service")
        case (nil, let resource?):
            let kind = reader.requiredString(resource, "kind", "\(field()).resource") ?? ""
            let name = reader.requiredString(resource, "name", "\(field()).resource") ?? ""
            return .resource(kind: kind, name: name)
        case (nil, nil):
            if node["service"] == nil, node["resource"] == nil {
                reader.refuse(node, field(), "exactly one of `service` and `resource` must be given; neither is")
            }
            return nil
        case (.some, .some):
            reader.refuse(node, field(), "exactly one of `service` and `resource` must be given; both are")
            return nil
        }
    }

    private static func decodeServiceBackend(
        _ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String
    ) -> IngressBackend? {
        let name = reader.requiredString(node, "name", field())
        if let name, let fault = NameSyntax.serviceNameFault(name) {
            reader.refuse(node["name"], "\(field()).name", "'\(name)': \(fault)")
        }
        guard let port = reader.map(node, "port", field()) else {
            if node["port"] == nil { reader.refuse(node, "\(field()).port", "a name or a number is required") }
            return nil
        }
        guard let reference = decodePort(port, reader, "\(field()).port"), let name else { return nil }
        return .service(name: name, port: reference)
    }

    private static func decodePort(
        _ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String
    ) -> PortReference? {
        let hasName = node["name"] != nil && node["name"]?.string != ""
        switch (hasName, node["number"] != nil) {
        case (true, true):
            reader.refuse(node, field(), "a name or a number may be given, not both")
            return nil
        case (false, false):
            reader.refuse(node, field(), "a name or a number is required")
            return nil
        case (true, false):
            guard let name = reader.string(node, "name", field()) else { return nil }
            if let fault = NameSyntax.portNameFault(name) {
                reader.refuse(node["name"], "\(field()).name", "'\(name)': \(fault)")
            }
            return .name(name)
        case (false, true):
            return reader.portNumber(node, "number", field()).map { .number($0) }
        }
    }

    private static func decodeTLS(
        _ node: ObjectNode, _ reader: FieldReader, _ field: @autoclosure () -> String
    ) -> Ingress.TLS {
        var hosts: [String] = []
        for (index, item) in reader.list(node, "hosts", field()).enumerated() {
            guard let host = item.string else {
                reader.refuse(item, "\(field()).hosts[\(index)]", "must be a string, not \(item.kindName)")
                continue
            }
            if let fault = NameSyntax.hostFault(host) {
                reader.refuse(item, "\(field()).hosts[\(index)]", "'\(host)': \(fault)")
            }
            hosts.append(host)
        }
        let secret = reader.string(node, "secretName", field())
        if let secret, !secret.isEmpty, let fault = NameSyntax.subdomainFault(secret) {
            reader.refuse(node["secretName"], "\(field()).secretName", "'\(secret)': \(fault)")
        }
        return Ingress.TLS(hosts: hosts, secretName: secret.flatMap { $0.isEmpty ? nil : $0 })
    }
}
