/// One node of a document, whatever it was written in: the decoder's neutral input.
///
/// YAML files, JSON files and the API server's answers all become this tree, so objects are decoded and validated in
/// one place.
package struct ObjectNode: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case null
        case bool(Bool)
        /// As it was written.
        case number(String)
        case string(String)
        case list([ObjectNode])
        /// In the order of the document.
        case map([Field])
    }

    package struct Field: Hashable, Sendable {
        package var key: String
        package var value: ObjectNode

        package init(key: String, value: ObjectNode) {
            self.key = key
            self.value = value
        }
    }

    package var content: Content
    /// Lines after the first line of the document.
    package var line: Int32

    package init(_ content: Content, line: Int32 = 0) {
        self.content = content
        self.line = line
    }

    /// The value of a map's key; nil where the node is no map, the key is missing, or its value is null.
    package subscript(key: String) -> ObjectNode? {
        guard case .map(let fields) = content else { return nil }
        for field in fields where field.key == key {
            if case .null = field.value.content { return nil }
            return field.value
        }
        return nil
    }

    package var string: String? {
        if case .string(let text) = content { text } else { nil }
    }

    package var list: [ObjectNode]? {
        if case .list(let items) = content { items } else { nil }
    }

    package var fields: [Field]? {
        if case .map(let fields) = content { fields } else { nil }
    }

    /// What the node is, for messages.
    package var kindName: String {
        switch content {
        case .null: "null"
        case .bool(let value): "the boolean \(value)"
        case .number(let text): "the number \(text)"
        case .string: "a string"
        case .list: "a list"
        case .map: "a map"
        }
    }
}
