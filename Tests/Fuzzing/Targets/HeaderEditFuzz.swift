import HTTPCore
import Patterns
import Policies
import PorticoModel

// The input is the value of a Cookie, a Set-Cookie and an Accept-Encoding field at once, and of a field that is set. Whatever it
// holds, an edited head has as many lines as it should, and cookies are found only where they are.

private final class Nothing: VariableSource {
    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool { false }
    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        false
    }
    func write(capture index: Int, to writer: inout ByteWriter) -> Bool { false }
    func write(geo index: Int, to writer: inout ByteWriter) -> Bool { false }
    func write(custom index: Int, to writer: inout ByteWriter) -> Bool { false }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let edits = HeaderEdits(capacity: 4_096)
    edits.begin()
    edits.set("X-Set") { $0.append(bytes) }
    edits.add("X-Add") { $0.append(bytes) }
    let block = Array("Host: a\r\nX-Set: old\r\n".utf8)
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { memory in
        var writer = ByteWriter(memory)
        block.withUnsafeBytes { edits.apply(to: $0, into: &writer) }
        if !edits.overflowed { precondition(writer.written.filter { $0 == 10 }.count <= 3) }
        var rule = TextReplacement()
        rule.from = "/a"
        rule.to = "/b"
        writer.truncate(to: 0)
        var custom = CustomVariables()
        let rules = [CookieAttributeRule(.path, rule, custom: &custom)].compactMap { $0 }
        CookieAttributeRule.write(bytes, rules, from: Nothing(), Captures(), to: &writer)
        precondition(writer.count == count)
    }
    let name = Array("a".utf8)
    name.withUnsafeBytes { name in
        if let value = CookieReader.value(of: name, in: bytes) { precondition(value.count < count) }
        if let value = QueryReader.value(of: name, in: bytes) { precondition(value.count < count) }
        _ = FieldSearch.value(of: name, in: bytes)
    }
    _ = AffinityKey(bytes)
    precondition((0...1_000).contains(AcceptEncoding.weight(of: "gzip", in: bytes)))
    return 0
}
