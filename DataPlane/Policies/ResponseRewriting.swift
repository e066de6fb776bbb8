import HTTPCore
import Patterns
import PorticoModel

/// Changing the Domain or Path of cookies that an upstream sets (`proxy-cookie-domain`, `proxy-cookie-path`).
package final class CookieAttributeRule {
    package enum Attribute: Sendable {
        case domain, path

        fileprivate var name: StaticString {
            switch self {
            case .domain: "domain"
            case .path: "path"
            }
        }
    }

    private let attribute: Attribute
    private let from: [UInt8]
    /// Nil where the text is compared as it is.
    private let pattern: Pattern?
    private let to: CompiledTemplate

    /// - Returns: nil where the rule's pattern does not compile; the compiler has reported it.
    package init?(_ attribute: Attribute, _ rule: TextReplacement, custom: inout CustomVariables) {
        guard let to = CompiledTemplate(rule.to, custom: &custom) else { return nil }
        self.attribute = attribute
        self.to = to
        from = Array(rule.from.utf8)
        do { pattern = try Pattern.of(rule) } catch { return nil }
    }

    /// Writes the value of a Set-Cookie field, changed by the first of `rules` that fits.
    package static func write(
        _ value: UnsafeRawBufferPointer, _ rules: [CookieAttributeRule], from source: some VariableSource,
        _ captures: Captures, to writer: inout ByteWriter
    ) {
        let start = writer.count
        for rule in rules {
            writer.truncate(to: start)
            if rule.write(value, source, captures, to: &writer) { return }
        }
        writer.truncate(to: start)
        writer.append(value)
    }

    /// - Returns: whether something was changed.
    private func write(
        _ value: UnsafeRawBufferPointer, _ source: some VariableSource, _ captures: Captures,
        to writer: inout ByteWriter
    ) -> Bool {
        var isChanged = false
        var offset = 0
        var isFirst = true
        while offset < value.count {
            var end = offset
            while end < value.count, value[end] != UInt8(ascii: ";") { end += 1 }
            let part = UnsafeRawBufferPointer(rebasing: value[offset..<end])
            if !isFirst, writeAttribute(part, source, captures, to: &writer) {
                isChanged = true
            } else {
                writer.append(part)
            }
            if end < value.count { writer.append(UInt8(ascii: ";")) }
            isFirst = false
            offset = end + 1
        }
        return isChanged
    }

    private func writeAttribute(
        _ part: UnsafeRawBufferPointer, _ source: some VariableSource, _ captures: Captures,
        to writer: inout ByteWriter
    ) -> Bool {
        var start = 0
        while start < part.count, part[start] == 0x20 { start += 1 }
        let name = UnsafeRawBufferPointer(start: attribute.name.utf8Start, count: attribute.name.utf8CodeUnitCount)
        let equals = start + name.count
        guard equals < part.count, part[equals] == UInt8(ascii: "="),
            isEqualIgnoringCase(UnsafeRawBufferPointer(rebasing: part[start..<equals]), name)
        else { return false }
        var valueStart = equals + 1
        // A dot in front of a domain means nothing (RFC 6265 §5.2.3).
        if attribute == .domain, valueStart < part.count, part[valueStart] == UInt8(ascii: ".") { valueStart += 1 }
        let value = UnsafeRawBufferPointer(rebasing: part[valueStart...])
        let written = writer.count
        writer.append(UnsafeRawBufferPointer(rebasing: part[..<(equals + 1)]))
        if writeReplacement(value, source, captures, to: &writer) { return true }
        writer.truncate(to: written)
        return false
    }

    private func writeReplacement(
        _ value: UnsafeRawBufferPointer, _ source: some VariableSource, _ captures: Captures,
        to writer: inout ByteWriter
    ) -> Bool {
        if let pattern {
            guard pattern.match(value, into: captures) == .matched, let whole = captures.group(0) else { return false }
            if attribute == .path { writer.append(UnsafeRawBufferPointer(rebasing: value[..<whole.lowerBound])) }
            to.write(from: CapturingSource(source, value, captures), to: &writer)
            if attribute == .path { writer.append(UnsafeRawBufferPointer(rebasing: value[whole.upperBound...])) }
            return true
        }
        switch attribute {
        case .domain:
            let wanted = from.first == UInt8(ascii: ".") ? Array(from.dropFirst()) : from
            guard wanted.withUnsafeBytes({ isEqualIgnoringCase($0, value) }) else { return false }
            to.write(from: source, to: &writer)
        case .path:
            guard value.starts(with: from) else { return false }
            to.write(from: source, to: &writer)
            writer.append(UnsafeRawBufferPointer(rebasing: value[from.count...]))
        }
        return true
    }
}

/// Changing Location and Refresh fields (`proxy-redirect-from`, `proxy-redirect-to`).
package final class LocationRule {
    private let from: CompiledTemplate?
    private let pattern: Pattern?
    private let to: CompiledTemplate

    /// - Returns: nil where the rule does not compile; the compiler has reported it.
    package init?(_ rule: TextReplacement, custom: inout CustomVariables) {
        guard let to = CompiledTemplate(rule.to, custom: &custom) else { return nil }
        self.to = to
        do { pattern = try Pattern.of(rule) } catch { return nil }
        from = pattern == nil ? CompiledTemplate(rule.from, custom: &custom) : nil
    }

    /// Writes the value as it goes to the client.
    /// - Returns: false where it stays as it is; nothing was written then.
    package func write(
        _ value: UnsafeRawBufferPointer, from source: some VariableSource, _ captures: Captures,
        to writer: inout ByteWriter
    ) -> Bool {
        if let pattern {
            guard pattern.match(value, into: captures) == .matched, let whole = captures.group(0) else { return false }
            writer.append(UnsafeRawBufferPointer(rebasing: value[..<whole.lowerBound]))
            to.write(from: CapturingSource(source, value, captures), to: &writer)
            writer.append(UnsafeRawBufferPointer(rebasing: value[whole.upperBound...]))
            return true
        }
        guard let from else { return false }
        let start = writer.count
        from.write(from: source, to: &writer)
        let prefix = UnsafeRawBufferPointer(rebasing: writer.written[start...])
        let prefixCount = prefix.count
        let matches = value.starts(with: prefix)
        writer.truncate(to: start)
        guard matches, !writer.overflowed else { return false }
        to.write(from: source, to: &writer)
        writer.append(UnsafeRawBufferPointer(rebasing: value[prefixCount...]))
        return true
    }
}

/// Another source of variables with the groups of a match put in front. Made only where such a rule matches.
private final class CapturingSource<Source: VariableSource>: VariableSource {
    private let source: Source
    private let subject: UnsafeRawBufferPointer
    private let captures: Captures

    init(_ source: Source, _ subject: UnsafeRawBufferPointer, _ captures: Captures) {
        self.source = source
        self.subject = subject
        self.captures = captures
    }

    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool { source.write(variable, to: &writer) }

    func write(geo index: Int, to writer: inout ByteWriter) -> Bool { source.write(geo: index, to: &writer) }

    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        source.write(family, named: name, to: &writer)
    }

    func write(capture index: Int, to writer: inout ByteWriter) -> Bool {
        guard let range = captures.group(index) else { return false }
        writer.append(UnsafeRawBufferPointer(rebasing: subject[range]))
        return true
    }

    func write(custom index: Int, to writer: inout ByteWriter) -> Bool { source.write(custom: index, to: &writer) }
}

extension Pattern {
    /// The pattern of a rule; nil for one that compares texts.
    fileprivate static func of(_ rule: TextReplacement) throws(CompileError) -> Pattern? {
        switch rule.kind {
        case .exact: nil
        case .regex: try Pattern(rule.from)
        case .regexIgnoringCase: try Pattern(rule.from, ignoresCase: true)
        }
    }
}
