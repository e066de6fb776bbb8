/// Where and why a text is not what it should be.
package struct DocumentFault: Error, Hashable {
    /// Lines after the first line of the text.
    package var line: Int32
    package var reason: String

    package init(line: Int32, reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// Reads JSON (RFC 8259) into nodes with their lines.
package struct JSONReader {
    /// No Kubernetes object nests deeper; a hostile file could exhaust the stack.
    package static let maximumDepth = 100

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var line: Int32 = 0

    /// The values of a text: one, or several after each other with nothing but white space between them.
    package static func readAll(_ text: String) throws(DocumentFault) -> [ObjectNode] {
        var text = text
        let result: Result<[ObjectNode], DocumentFault> = text.withUTF8 { bytes in
            var reader = JSONReader(bytes: bytes)
            do throws(DocumentFault) {
                return .success(try reader.readValues())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The one value of a text.
    package static func read(_ bytes: [UInt8]) throws(DocumentFault) -> ObjectNode {
        let result: Result<ObjectNode, DocumentFault> = bytes.withUnsafeBufferPointer { bytes in
            do throws(DocumentFault) { return .success(try read(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The one value of a text.
    package static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(DocumentFault) -> ObjectNode {
        var reader = JSONReader(bytes: bytes)
        let value = try reader.readValue(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.fault("expected the end") }
        return value
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private mutating func readValues() throws(DocumentFault) -> [ObjectNode] {
        var nodes: [ObjectNode] = []
        skipSpace()
        while position < bytes.count {
            nodes.append(try readValue(depth: 0))
            skipSpace()
        }
        return nodes
    }

    private mutating func readValue(depth: Int) throws(DocumentFault) -> ObjectNode {
        guard depth < JSONReader.maximumDepth else { throw fault("nested too deeply") }
        skipSpace()
        let start = line
        switch peek {
        case UInt8(ascii: "{"): return ObjectNode(try readMap(depth), line: start)
        case UInt8(ascii: "["): return ObjectNode(try readList(depth), line: start)
        case UInt8(ascii: "\""): return ObjectNode(.string(try readString()), line: start)
        case UInt8(ascii: "t"): return ObjectNode(try readWord("true", .bool(true)), line: start)
        case UInt8(ascii: "f"): return ObjectNode(try readWord("false", .bool(false)), line: start)
        case UInt8(ascii: "n"): return ObjectNode(try readWord("null", .null), line: start)
        default: return ObjectNode(try readNumber(), line: start)
        }
    }

    private mutating func readMap(_ depth: Int) throws(DocumentFault) -> ObjectNode.Content {
        position += 1
        var fields: [ObjectNode.Field] = []
        var keys: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .map(fields) }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
            let key = try readString()
            guard keys.insert(key).inserted else { throw fault("the key '\(key)' is given twice") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fault("expected ':' after a key") }
            fields.append(ObjectNode.Field(key: key, value: try readValue(depth: depth + 1)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw fault("expected ',' or '}'") }
        return .map(fields)
    }

    private mutating func readList(_ depth: Int) throws(DocumentFault) -> ObjectNode.Content {
        position += 1
        var items: [ObjectNode] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .list(items) }
        repeat {
            items.append(try readValue(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("expected ',' or ']'") }
        return .list(items)
    }

    private mutating func readString() throws(DocumentFault) -> String {
        position += 1
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        // Most strings have no escapes and are taken as they stand.
        if take(UInt8(ascii: "\"")) { return String(decoding: bytes[start..<(position - 1)], as: UTF8.self) }
        var decoded = Array(bytes[start..<position])
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: decoded, as: UTF8.self)
            case UInt8(ascii: "\\"): try readEscape(into: &decoded)
            case 0x20...: decoded.append(byte)
            default: throw fault("a control character in a string")
            }
        }
        throw fault("a string without an end")
    }

    private mutating func readEscape(into decoded: inout [UInt8]) throws(DocumentFault) {
        guard let byte = peek else { throw fault("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"): decoded += Array(String(try readScalar()).utf8)
        default: throw fault("an unknown escape in a string")
        }
    }

    private mutating func readScalar() throws(DocumentFault) -> Character {
        let first = try readHex()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        guard (0xD800..<0xDC00).contains(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw fault("half of a surrogate pair")
        }
        let second = try readHex()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else { throw fault("half of a surrogate pair") }
        return Character(scalar)
    }

    private mutating func readHex() throws(DocumentFault) -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
        else { throw fault("an escape without four hexadecimal digits") }
        position += 4
        return value
    }

    private mutating func readNumber() throws(DocumentFault) -> ObjectNode.Content {
        let start = position
        while let byte = peek, isNumberByte(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard position > start, Double(text) != nil else { throw fault("expected a value") }
        return .number(text)
    }

    private func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private mutating func readWord(
        _ word: String, _ content: ObjectNode.Content
    ) throws(DocumentFault) -> ObjectNode.Content {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("expected a value") }
        position += word.utf8.count
        return content
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek {
            switch byte {
            case 0x0A: line += 1
            case 0x20, 0x09, 0x0D: break
            default: return
            }
            position += 1
        }
    }

    private func fault(_ reason: String) -> DocumentFault { DocumentFault(line: line, reason: reason) }
}
