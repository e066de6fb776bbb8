import PorticoModel

/// Decodes ConfigMap and Secret.
enum DataDecoder {
    static func decodeConfigMap(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> ConfigMap {
        var entries: [ConfigMap.Entry] = []
        for field in reader.map(node, "data", "")?.fields ?? [] {
            checkKey(field, reader, "data")
            switch field.value.content {
            case .string(let text): entries.append(.init(key: field.key, value: text, line: field.value.line))
            case .null: entries.append(.init(key: field.key, value: "", line: field.value.line))
            default:
                reader.refuse(
                    field.value, "data[\(field.key)]", "must be a string, not \(field.value.kindName); put it in quotes"
                )
            }
        }
        entries.sort { $0.key < $1.key }
        return ConfigMap(metadata: metadata, data: entries)
    }

    static func decodeSecret(_ node: ObjectNode, _ metadata: ObjectMetadata, _ reader: FieldReader) -> Secret {
        var secret = Secret(metadata: metadata, type: reader.string(node, "type", "") ?? "Opaque", data: [:])
        for field in reader.map(node, "data", "")?.fields ?? [] {
            checkKey(field, reader, "data")
            guard let bytes = decodeBase64(field.value) else {
                reader.refuse(field.value, "data[\(field.key)]", "must be a string in base64")
                continue
            }
            secret.data[field.key] = bytes
        }
        for field in reader.map(node, "stringData", "")?.fields ?? [] {
            checkKey(field, reader, "stringData")
            guard let text = field.value.string else {
                reader.refuse(field.value, "stringData[\(field.key)]", "must be a string, not \(field.value.kindName)")
                continue
            }
            secret.data[field.key] = Array(text.utf8)
        }
        if secret.type == "kubernetes.io/tls" {
            for key in ["tls.crt", "tls.key"] where secret.data[key] == nil && node["data"]?[key] == nil {
                reader.refuse(node["data"], "data[\(key)]", "is required")
            }
        }
        return secret
    }

    private static func checkKey(_ field: ObjectNode.Field, _ reader: FieldReader, _ path: String) {
        if let fault = NameSyntax.dataKeyFault(field.key) {
            reader.refuse(field.value, "\(path)[\(field.key)]", "the key \(fault)")
        }
    }

    /// - Returns: nil where the node is no string of base64.
    private static func decodeBase64(_ node: ObjectNode) -> [UInt8]? {
        if case .null = node.content { return [] }
        return node.string.flatMap(Base64Text.decode)
    }
}
