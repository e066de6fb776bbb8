import HTTPCore
import Policies
import PorticoModel

// The first line is a template, the second the value of every variable. Whatever they are, a rewritten target begins with a slash
// and holds no blank or control byte, and a log line stays one line.

private final class OneValue: VariableSource {
    let value: UnsafeRawBufferPointer

    init(_ value: UnsafeRawBufferPointer) { self.value = value }

    private func put(_ writer: inout ByteWriter) -> Bool {
        writer.append(value)
        return true
    }

    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool { put(&writer) }

    func write(geo index: Int, to writer: inout ByteWriter) -> Bool { put(&writer) }

    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        put(&writer)
    }

    func write(capture index: Int, to writer: inout ByteWriter) -> Bool { put(&writer) }
    func write(custom index: Int, to writer: inout ByteWriter) -> Bool { put(&writer) }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let lineEnd = bytes.firstIndex(of: 10) ?? bytes.count
    let text = String(decoding: bytes[..<lineEnd], as: UTF8.self)
    let value = UnsafeRawBufferPointer(rebasing: bytes[min(lineEnd + 1, bytes.count)...])
    let source = OneValue(value)
    var custom = CustomVariables()
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { memory in
        var writer = ByteWriter(memory)
        if let rule = RewriteRule(text, custom: &custom), !rule.isRedirect,
            rule.write(from: source, query: UnsafeRawBufferPointer(start: nil, count: 0), to: &writer)
        {
            precondition(writer.written.first == UInt8(ascii: "/"))
            precondition(writer.written.allSatisfy { $0 > 0x20 && $0 != 0x7F })
        }
        guard let template = CompiledTemplate(text, custom: &custom), !text.contains(where: \.isNewline) else { return }
        for escaping in LogEscaping.allCases {
            writer.truncate(to: 0)
            template.write(from: source, escaping: escaping, to: &writer)
            precondition(!writer.written.contains(10))
        }
    }
    return 0
}
