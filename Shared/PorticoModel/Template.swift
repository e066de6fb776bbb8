/// A text with variables in it, as nginx's configuration language writes them: `$name`, `${name}`, `$1`.
///
/// A dollar sign that no name follows stands for itself.
package struct Template: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        case text(String)
        case variable(Variable)
    }

    package enum Failure: Error, Hashable, Sendable {
        case unknownVariable(String)
        case unclosedBrace

        /// For people: what was found and what to do.
        package var explanation: String {
            switch self {
            case .unknownVariable(let name): "the variable $\(name) is not known"
            case .unclosedBrace: "\"${\" is not closed by \"}\""
            }
        }
    }

    package private(set) var parts: [Part] = []

    /// - Parameter custom: names that `set` directives define.
    package init(_ text: String, custom: Set<String> = []) throws(Failure) {
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes[offset] == UInt8(ascii: "$"), let name = try Template.name(bytes, at: offset + 1) else {
                literal.append(bytes[offset])
                offset += 1
                continue
            }
            guard let variable = Variable(name: name.text, custom: custom) else {
                throw .unknownVariable(name.text)
            }
            append(&literal)
            parts.append(.variable(variable))
            offset = name.end
        }
        append(&literal)
    }

    private mutating func append(_ literal: inout [UInt8]) {
        guard !literal.isEmpty else { return }
        parts.append(.text(String(decoding: literal, as: UTF8.self)))
        literal = []
    }

    /// The name that starts at `start`, and where it ends; nil where none does.
    private static func name(_ bytes: [UInt8], at start: Int) throws(Failure) -> (text: String, end: Int)? {
        guard start < bytes.count else { return nil }
        if bytes[start] == UInt8(ascii: "{") {
            guard let close = bytes[start...].firstIndex(of: UInt8(ascii: "}")) else { throw .unclosedBrace }
            return (String(decoding: bytes[start + 1..<close], as: UTF8.self), close + 1)
        }
        // A capture is one digit, whatever follows.
        if isDigit(bytes[start]) { return (String(bytes[start] - 0x30), start + 1) }
        let end = bytes[start...].firstIndex { !isDigit($0) && !isLetter($0) && $0 != UInt8(ascii: "_") } ?? bytes.count
        return end == start ? nil : (String(decoding: bytes[start..<end], as: UTF8.self), end)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// The variables in it.
    package var variables: [Variable] {
        parts.compactMap { if case .variable(let variable) = $0 { variable } else { nil } }
    }

    /// The text, where there is no variable in it.
    package var constant: String? {
        switch parts.count {
        case 0: ""
        case 1: if case .text(let text) = parts[0] { text } else { nil }
        default: nil
        }
    }
}
