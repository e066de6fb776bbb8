import HTTPCore
import PorticoModel

/// Where the values of a template's variables come from: an exchange. Each writes the value where there is one.
package protocol VariableSource: AnyObject {
    /// - Returns: false where the variable has no value.
    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool
    /// - Parameter index: of the variable among all.
    func write(geo index: Int, to writer: inout ByteWriter) -> Bool
    /// - Parameter name: of the argument, field or cookie; of fields in lower case.
    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool
    func write(capture index: Int, to writer: inout ByteWriter) -> Bool
    /// - Parameter index: in the policy's list of variables that directives set.
    func write(custom index: Int, to writer: inout ByteWriter) -> Bool
}

/// The variables that carry a name of the user's choice.
package enum VariableFamily: UInt8, Sendable {
    case argument, requestField, cookie, sentField, upstreamField, upstreamCookie
}

/// The variables that `set` directives of one policy define, by dense number.
package struct CustomVariables {
    package private(set) var names: [String] = []

    package init(_ names: [String] = []) { self.names = names }

    package var set: Set<String> { Set(names) }

    /// The number of `name`, given to it now where it has none.
    package mutating func index(of name: String) -> Int {
        if let index = names.firstIndex(of: name) { return index }
        names.append(name)
        return names.count - 1
    }
}

/// A template made ready: a flat list of parts, so that evaluation searches no string and allocates nothing.
package final class CompiledTemplate {
    private enum Kind: UInt8 {
        case text, named, geo, family, capture, custom
    }

    private struct Part: BitwiseCopyable {
        var kind: Kind
        /// The named variable, that of a database of addresses, the family, the group's or the custom variable's number.
        var number: UInt8 = 0
        var start: UInt32 = 0
        var count: UInt32 = 0
    }

    private static let named = NamedVariable.allCases
    private static let geo = GeoVariable.allCases

    private let parts: UnsafeMutableBufferPointer<Part>
    private let bytes: UnsafeMutableRawBufferPointer
    /// Some part is a group of a regular expression.
    package let usesCaptures: Bool
    /// Some part depends on the request or the response.
    package let isConstant: Bool

    package init(_ template: Template, custom: inout CustomVariables) {
        var parts: [Part] = []
        var bytes: [UInt8] = []
        func keep(_ kind: Kind, _ number: UInt8, _ text: String) {
            let text = Array(text.utf8)
            parts.append(Part(kind: kind, number: number, start: UInt32(bytes.count), count: UInt32(text.count)))
            bytes += text
        }
        for part in template.parts {
            switch part {
            case .text(let text): keep(.text, 0, text)
            case .variable(.named(let name)):
                parts.append(Part(kind: .named, number: UInt8(Self.named.firstIndex(of: name) ?? 0)))
            case .variable(.geo(let name)):
                parts.append(Part(kind: .geo, number: UInt8(Self.geo.firstIndex(of: name) ?? 0)))
            case .variable(.argument(let name)): keep(.family, VariableFamily.argument.rawValue, name)
            case .variable(.requestField(let name)): keep(.family, VariableFamily.requestField.rawValue, name)
            case .variable(.cookie(let name)): keep(.family, VariableFamily.cookie.rawValue, name)
            case .variable(.sentField(let name)): keep(.family, VariableFamily.sentField.rawValue, name)
            case .variable(.upstreamField(let name)): keep(.family, VariableFamily.upstreamField.rawValue, name)
            case .variable(.upstreamCookie(let name)): keep(.family, VariableFamily.upstreamCookie.rawValue, name)
            case .variable(.capture(let index)): parts.append(Part(kind: .capture, number: UInt8(index)))
            case .variable(.custom(let name)):
                parts.append(Part(kind: .custom, number: UInt8(truncatingIfNeeded: custom.index(of: name))))
            }
        }
        usesCaptures = parts.contains { $0.kind == .capture }
        isConstant = parts.allSatisfy { $0.kind == .text }
        self.parts = .allocate(capacity: parts.count)
        _ = self.parts.initialize(from: parts)
        self.bytes = .allocate(byteCount: bytes.count, alignment: 1)
        self.bytes.copyBytes(from: bytes)
    }

    /// - Returns: nil where `text` is no template; the compiler has reported it.
    package convenience init?(_ text: String, custom: inout CustomVariables) {
        guard let template = try? Template(text, custom: custom.set) else { return nil }
        self.init(template, custom: &custom)
    }

    deinit {
        parts.deallocate()
        bytes.deallocate()
    }

    /// Writes the template with its variables' values; one without a value is nothing.
    package func write(from source: some VariableSource, to writer: inout ByteWriter) {
        for part in parts { _ = write(part, from: source, to: &writer) }
    }

    /// Writes a line of a log: values escaped, and what has no value as nginx writes it.
    package func write(from source: some VariableSource, escaping: LogEscaping, to writer: inout ByteWriter) {
        for part in parts {
            let start = writer.count
            let hasValue = write(part, from: source, to: &writer)
            if part.kind == .text { continue }
            if hasValue {
                escaping.escape(from: start, in: &writer)
            } else if escaping == .standard {
                writer.append(UInt8(ascii: "-"))
            }
        }
    }

    var partCount: Int { parts.count }

    /// Writes one part.
    /// - Returns: whether it is a variable, whose value may have to be encoded.
    func writePart(_ index: Int, from source: some VariableSource, to writer: inout ByteWriter) -> Bool {
        let part = parts[index]
        _ = write(part, from: source, to: &writer)
        return part.kind != .text
    }

    @inline(__always)
    private func write(_ part: Part, from source: some VariableSource, to writer: inout ByteWriter) -> Bool {
        switch part.kind {
        case .text:
            writer.append(text(of: part))
            return true
        case .named: return source.write(Self.named[Int(part.number)], to: &writer)
        case .geo: return source.write(geo: Int(part.number), to: &writer)
        case .family:
            guard let family = VariableFamily(rawValue: part.number) else { return false }
            return source.write(family, named: text(of: part), to: &writer)
        case .capture: return source.write(capture: Int(part.number), to: &writer)
        case .custom: return source.write(custom: Int(part.number), to: &writer)
        }
    }

    private func text(of part: Part) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Int(part.start)..<Int(part.start + part.count)])
    }
}
