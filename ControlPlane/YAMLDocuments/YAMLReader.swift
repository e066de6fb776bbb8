import ClusterState
import Yams

/// Reads YAML into nodes with their lines.
package enum YAMLReader {
    /// A document that grows beyond this through its aliases is an attack, not a manifest.
    static let maximumNodes = 1_000_000

    /// The roots of a text: mostly one, none where it holds comments only.
    package static func readAll(_ text: String) throws(DocumentFault) -> [ObjectNode] {
        do {
            let parser = try Parser(yaml: text, resolver: .basic)
            var roots: [ObjectNode] = []
            while let root = try parser.nextRoot() {
                var conversion = Conversion()
                roots.append(try conversion.convert(root, depth: 0))
            }
            return roots
        } catch let fault as DocumentFault {
            throw fault
        } catch {
            throw describe(error)
        }
    }

    private static func describe(_ error: any Error) -> DocumentFault {
        guard let error = error as? YamlError else { return DocumentFault(line: 0, reason: "\(error)") }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { " \($0.text)" } ?? ""
            return DocumentFault(line: Int32(mark.line - 1), reason: "not valid YAML: \(problem)\(place)")
        case .reader(let problem, let offset, _, let text):
            let line = text.utf8.prefix(offset ?? 0).count { $0 == UInt8(ascii: "\n") }
            return DocumentFault(line: Int32(line), reason: "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return DocumentFault(line: Int32(context.mark.line - 1), reason: "the key \(keys) is given twice")
        default: return DocumentFault(line: 0, reason: "not valid YAML: \(error)")
        }
    }
}

/// Turns the parser's nodes into ours.
private struct Conversion {
    private var count = 0

    mutating func convert(_ node: Node, depth: Int) throws(DocumentFault) -> ObjectNode {
        count += 1
        let line = Int32((node.mark?.line ?? 1) - 1)
        guard depth < JSONReader.maximumDepth else { throw DocumentFault(line: line, reason: "nested too deeply") }
        guard count <= YAMLReader.maximumNodes else { throw DocumentFault(line: line, reason: "too large") }
        switch node {
        case .scalar(let scalar): return ObjectNode(content(of: scalar), line: line)
        case .sequence(let sequence):
            var items: [ObjectNode] = []
            items.reserveCapacity(sequence.count)
            for item in sequence { items.append(try convert(item, depth: depth + 1)) }
            return ObjectNode(.list(items), line: line)
        case .mapping(let mapping):
            var fields: [ObjectNode.Field] = []
            fields.reserveCapacity(mapping.count)
            for (key, value) in mapping {
                guard case .scalar(let scalar) = key else {
                    throw DocumentFault(line: line, reason: "a key must be a scalar")
                }
                fields.append(ObjectNode.Field(key: scalar.string, value: try convert(value, depth: depth + 1)))
            }
            return ObjectNode(.map(fields), line: line)
        case .alias: throw DocumentFault(line: line, reason: "an alias without an anchor")
        }
    }

    /// The core schema of YAML 1.2: `on`, `off`, `yes` and `no` are strings.
    private func content(of scalar: Node.Scalar) -> ObjectNode.Content {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        let text = scalar.string
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return isNumber(text) ? .number(text) : .string(text)
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"):
            return ["~", "null", "Null", "NULL"].contains(text) ? .null : .string(text)
        case UInt8(ascii: "t"), UInt8(ascii: "T"):
            return ["true", "True", "TRUE"].contains(text) ? .bool(true) : .string(text)
        case UInt8(ascii: "f"), UInt8(ascii: "F"):
            return ["false", "False", "FALSE"].contains(text) ? .bool(false) : .string(text)
        default: return .string(text)
        }
    }

    /// A whole or broken decimal number; other notations stay strings, and no field of ours takes them.
    private func isNumber(_ text: String) -> Bool {
        let fits = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        return fits && Double(text) != nil
    }
}
