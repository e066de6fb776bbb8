import HTTPCore

// A normalised path starts with a slash, has neither empty nor dot segments, and stays within its output.

// libFuzzer calls on one thread.
nonisolated(unsafe) private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let target = UnsafeRawBufferPointer(start: start, count: count)
    guard count < output.count else { return 0 }
    output[count + 1] = 0xA5
    let room = UnsafeMutableRawBufferPointer(rebasing: output[...count])
    switch PathNormaliser.normalise(target, into: room) {
    case .unchanged(let length): check(UnsafeRawBufferPointer(rebasing: target[..<length]))
    case .rewritten(let length): check(UnsafeRawBufferPointer(rebasing: output[..<length]))
    case .malformed: break
    case .noRoom: preconditionFailure("there is room for every path")
    }
    precondition(output[count + 1] == 0xA5)
    return 0
}

private func check(_ path: UnsafeRawBufferPointer) {
    precondition(path.first == UInt8(ascii: "/"))
    let segments = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for segment in segments.dropFirst().dropLast() { precondition(!segment.isEmpty) }
    for segment in segments { precondition(!segment.elementsEqual([0x2E]) && !segment.elementsEqual([0x2E, 0x2E])) }
}
