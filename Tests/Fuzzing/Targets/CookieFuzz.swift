import HTTPCore
import Patterns
import Policies
import PorticoModel

// The first line is a Cookie field, the second a Set-Cookie field. A cookie's value is a part of its field without a separator in it;
// what is taken for a session is written back as it was; a rewritten cookie keeps its name and value, and ends no header.

private final class Nothing: VariableSource {
    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool { false }
    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        false
    }
    func write(capture index: Int, to writer: inout ByteWriter) -> Bool { false }
    func write(geo index: Int, to writer: inout ByteWriter) -> Bool { false }
    func write(custom index: Int, to writer: inout ByteWriter) -> Bool { false }
}

private func rule(_ from: String, _ to: String, _ kind: TextMatch) -> TextReplacement {
    var rule = TextReplacement()
    (rule.from, rule.to, rule.kind) = (from, to, kind)
    return rule
}

nonisolated(unsafe) private var custom = CustomVariables()
nonisolated(unsafe) private let paths = [
    CookieAttributeRule(.path, rule("/one/", "/", .exact), custom: &custom),
    CookieAttributeRule(.path, rule("^/(.*)$", "/x/$1", .regex), custom: &custom),
].compactMap { $0 }
nonisolated(unsafe) private let domains = [
    CookieAttributeRule(.domain, rule(".inner.test", "outer.test", .exact), custom: &custom)
].compactMap { $0 }

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let lineEnd = bytes.firstIndex(of: 10) ?? bytes.count
    let field = UnsafeRawBufferPointer(rebasing: bytes[..<lineEnd])
    let set = UnsafeRawBufferPointer(rebasing: bytes[min(lineEnd + 1, bytes.count)...])
    for name in ["route", "a", "="] {
        let found = Array(name.utf8).withUnsafeBytes { CookieReader.value(of: $0, in: field) }
        guard let found else { continue }
        precondition(!found.contains(UInt8(ascii: ";")) && found.count <= field.count)
        guard let key = AffinityKey(found) else { continue }
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { memory in
            var writer = ByteWriter(memory)
            key.write(to: &writer)
            precondition(writer.written.elementsEqual(found))
        }
    }
    guard !set.contains(where: { $0 < 0x20 }) else { return 0 }
    withUnsafeTemporaryAllocation(byteCount: 4 * count + 256, alignment: 1) { memory in
        for rules in [paths, domains] {
            var writer = ByteWriter(memory)
            CookieAttributeRule.write(set, rules, from: Nothing(), Captures(), to: &writer)
            precondition(!writer.overflowed && !writer.written.contains { $0 < 0x20 })
            let pair = set.prefix { $0 != UInt8(ascii: ";") }
            precondition(writer.written.starts(with: pair))
        }
    }
    return 0
}
