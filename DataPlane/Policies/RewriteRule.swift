import HTTPCore
import Patterns
import PorticoModel

/// What nginx's `rewrite` makes of a request's target: a replacement with groups and variables put in.
///
/// The path is decoded, so it is encoded again on its way out; of the query, groups and variables are encoded where they
/// are put in. The query of the request follows, save where the replacement ends with a question mark.
package final class RewriteRule {
    private let path: CompiledTemplate
    private let query: CompiledTemplate?
    private let keepsQuery: Bool
    /// The replacement names a scheme: the answer is a redirect to it (302).
    package let isRedirect: Bool

    /// - Returns: nil where `replacement` is no template; the compiler has reported it.
    package init?(_ replacement: String, custom: inout CustomVariables) {
        var text = replacement[...]
        isRedirect = ["http://", "https://", "$scheme"].contains { replacement.hasPrefix($0) }
        keepsQuery = !text.hasSuffix("?")
        if !keepsQuery { text = text.dropLast() }
        let mark = text.firstIndex(of: "?")
        guard let path = CompiledTemplate(String(text[..<(mark ?? text.endIndex)]), custom: &custom) else { return nil }
        self.path = path
        if let mark {
            guard let query = CompiledTemplate(String(text[text.index(after: mark)...]), custom: &custom) else {
                return nil
            }
            self.query = query
        } else {
            query = nil
        }
    }

    /// Writes the new target.
    /// - Parameter query: the request's, without the question mark.
    /// - Returns: whether there is one that can be sent: it begins with a slash, and holds no line end.
    package func write(
        from source: some VariableSource, query requestQuery: UnsafeRawBufferPointer, to writer: inout ByteWriter
    ) -> Bool {
        let start = writer.count
        if isRedirect { path.write(from: source, to: &writer) } else { writePath(from: source, to: &writer) }
        var hasQuery = false
        if let query {
            writer.append(UInt8(ascii: "?"))
            let queryStart = writer.count
            query.writeEncoded(.query, from: source, to: &writer)
            hasQuery = writer.count > queryStart
            if !hasQuery, !keepsQuery || requestQuery.isEmpty { writer.truncate(to: queryStart - 1) }
        }
        if keepsQuery, !requestQuery.isEmpty {
            if hasQuery { writer.append(UInt8(ascii: "&")) } else if query == nil { writer.append(UInt8(ascii: "?")) }
            writer.append(requestQuery)
        }
        if writer.overflowed { return false }
        let target = UnsafeRawBufferPointer(rebasing: writer.written[start...])
        return !target.isEmpty && target.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    private func writePath(from source: some VariableSource, to writer: inout ByteWriter) {
        let start = writer.count
        path.write(from: source, to: &writer)
        if start == writer.count || writer.written[start] != UInt8(ascii: "/") {
            withUnsafeTemporaryAllocation(byteCount: writer.count - start + 1, alignment: 1) { copy in
                copy[0] = UInt8(ascii: "/")
                UnsafeMutableRawBufferPointer(rebasing: copy[1...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: writer.written[start...]))
                writer.truncate(to: start)
                writer.append(UnsafeRawBufferPointer(copy))
            }
        }
        PercentEncoding.path.encode(from: start, in: &writer)
    }
}

extension CompiledTemplate {
    /// Writes the template, each variable's value encoded.
    package func writeEncoded(
        _ encoding: PercentEncoding, from source: some VariableSource, to writer: inout ByteWriter
    ) {
        for index in 0..<partCount {
            let start = writer.count
            if writePart(index, from: source, to: &writer) { encoding.encode(from: start, in: &writer) }
        }
    }
}
