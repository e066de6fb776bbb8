import PorticoModel

extension ObjectDecoder {
    /// Annotations that only tools read, and that may be as large as the object itself.
    private static let droppedAnnotations: Set<String> = ["kubectl.kubernetes.io/last-applied-configuration"]

    /// - Returns: nil where the object has no usable name; the reader then knows why.
    static func decodeMetadata(_ node: ObjectNode, _ kind: ObjectKind, _ reader: FieldReader) -> ObjectMetadata? {
        guard let metadata = reader.map(node, "metadata", "") else {
            if node["metadata"] == nil { reader.refuse(node, "metadata", "is required") }
            return nil
        }
        guard let name = reader.requiredString(metadata, "name", "metadata") else { return nil }
        let namespace = kind.isNamespaced ? decodeNamespace(metadata, reader) : ""
        let objectName = ObjectName(namespace: namespace, name: name)
        reader.reference = ObjectReference(kind: kind.rawValue, name: objectName)
        checkName(name, metadata, kind, reader)
        return ObjectMetadata(
            name: objectName, createdAt: decodeCreationTime(metadata, reader),
            annotations: decodeAnnotations(metadata, reader), origin: reader.origin)
    }

    private static func decodeNamespace(_ metadata: ObjectNode, _ reader: FieldReader) -> String {
        guard let namespace = reader.string(metadata, "namespace", "metadata"), !namespace.isEmpty else {
            return "default"
        }
        if let fault = NameSyntax.labelFault(namespace) {
            reader.refuse(metadata["namespace"], "metadata.namespace", fault)
        }
        return namespace
    }

    private static func checkName(_ name: String, _ metadata: ObjectNode, _ kind: ObjectKind, _ reader: FieldReader) {
        let fault =
            switch kind {
            case .service: NameSyntax.serviceNameFault(name)
            case .namespace: NameSyntax.labelFault(name)
            default: NameSyntax.subdomainFault(name)
            }
        if let fault { reader.refuse(metadata["name"], "metadata.name", fault) }
    }

    private static func decodeAnnotations(_ metadata: ObjectNode, _ reader: FieldReader) -> [Annotation] {
        guard let map = reader.map(metadata, "annotations", "metadata"), let fields = map.fields else { return [] }
        var annotations: [Annotation] = []
        annotations.reserveCapacity(fields.count)
        for field in fields where !droppedAnnotations.contains(field.key) {
            switch field.value.content {
            case .string(let text):
                annotations.append(Annotation(key: field.key, value: text, line: field.value.line))
            case .null:
                annotations.append(Annotation(key: field.key, value: "", line: field.value.line))
            default:
                reader.refuse(
                    field.value, "metadata.annotations[\(field.key)]",
                    "must be a string, not \(field.value.kindName); put it in quotes")
            }
        }
        annotations.sort { $0.key < $1.key }
        return annotations
    }

    private static func decodeCreationTime(_ metadata: ObjectNode, _ reader: FieldReader) -> Int64? {
        guard let text = reader.string(metadata, "creationTimestamp", "metadata") else { return nil }
        guard let seconds = Timestamp.seconds(text) else {
            reader.refuse(
                metadata["creationTimestamp"], "metadata.creationTimestamp",
                "must be a time as 2026-03-01T12:00:00Z, not '\(text)'")
            return nil
        }
        return seconds
    }
}

/// Reads the one form of RFC 3339 time that the API server writes, and its offsets.
enum Timestamp {
    /// - Returns: seconds since 1970; nil for anything but `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            let offset = offset(bytes[19...])
        else { return nil }
        return days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Seconds east of Greenwich.
    private static func offset(_ rest: ArraySlice<UInt8>) -> Int64? {
        var rest = rest
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst().drop { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        }
        guard let sign = rest.first else { return nil }
        if sign | 0x20 == UInt8(ascii: "z") { return rest.count == 1 ? 0 : nil }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), rest.count == 6 else { return nil }
        let start = rest.startIndex
        guard let hours = number(rest[(start + 1)..<(start + 3)]), rest[start + 3] == UInt8(ascii: ":"),
            let minutes = number(rest[(start + 4)...])
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that start in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
