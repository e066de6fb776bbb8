import Patterns

// The first line is a pattern, the rest what it is matched against: groups lie within it, and no pattern takes forever.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let lineEnd = bytes.firstIndex(of: 10) ?? bytes.count
    guard let pattern = try? Pattern(String(decoding: bytes[..<lineEnd], as: UTF8.self), ignoresCase: true) else {
        return 0
    }
    let subject = UnsafeRawBufferPointer(rebasing: bytes[min(lineEnd + 1, bytes.count)...])
    let captures = Captures()
    guard pattern.match(subject, into: captures) == .matched else { return 0 }
    for index in 0..<captures.count {
        if let range = captures.group(index) { precondition(range.upperBound <= subject.count) }
    }
    return 0
}
