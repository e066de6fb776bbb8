import HTTPCore
import Patterns
import Policies
import PorticoModel

// The first line is a path of an Ingress that is a regular expression, the second its rewrite-target, the third a request's target.
// Whatever they are, what goes to the endpoint begins with a slash and holds no blank and no control byte, and a pattern that
// runs away ends.

private final class Groups: VariableSource {
    private let subject: UnsafeRawBufferPointer
    private let captures: Captures

    init(_ subject: UnsafeRawBufferPointer, _ captures: Captures) {
        (self.subject, self.captures) = (subject, captures)
    }

    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool {
        writer.append(subject)
        return !subject.isEmpty
    }

    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        false
    }

    func write(capture index: Int, to writer: inout ByteWriter) -> Bool {
        guard let range = captures.group(index) else { return false }
        writer.append(UnsafeRawBufferPointer(rebasing: subject[range]))
        return true
    }

    func write(geo index: Int, to writer: inout ByteWriter) -> Bool { false }
    func write(custom index: Int, to writer: inout ByteWriter) -> Bool { false }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let lines = bytes.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count == 3 else { return 0 }
    let texts = lines.prefix(2).map { String(decoding: $0, as: UTF8.self) }
    var custom = CustomVariables()
    guard let pattern = try? Pattern("^\(texts[0])", ignoresCase: true),
        let rule = RewriteRule(texts[1], custom: &custom)
    else { return 0 }
    let target = UnsafeRawBufferPointer(rebasing: lines[2])
    let captures = Captures()
    withUnsafeTemporaryAllocation(byteCount: count + 64, alignment: 1) { room in
        let path: UnsafeRawBufferPointer
        switch PathNormaliser.normalise(target, into: room) {
        case .unchanged(let end): path = UnsafeRawBufferPointer(rebasing: target[..<end])
        case .rewritten(let end): path = UnsafeRawBufferPointer(rebasing: room[..<end])
        case .malformed, .noRoom: return
        }
        guard pattern.match(path, into: captures) == .matched else { return }
        withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 1) { memory in
            var writer = ByteWriter(memory)
            let query =
                target.firstIndex(of: UInt8(ascii: "?")).map { target[($0 + 1)...] } ?? target[target.endIndex...]
            let isRight = rule.write(
                from: Groups(path, captures), query: UnsafeRawBufferPointer(rebasing: query), to: &writer)
            guard isRight, !rule.isRedirect else { return }
            precondition(writer.written.first == UInt8(ascii: "/"))
            precondition(writer.written.allSatisfy { $0 > 0x20 && $0 != 0x7F })
        }
    }
    return 0
}
