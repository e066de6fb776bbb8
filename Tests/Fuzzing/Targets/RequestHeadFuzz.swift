import HTTPCore

// One outcome however the bytes are cut, and what is accepted holds nothing that could be read differently.

// libFuzzer calls on one thread.
nonisolated(unsafe) private let whole = RequestHead(fieldCapacity: 64)
nonisolated(unsafe) private let pieced = RequestHead(fieldCapacity: 64)
private let limits = HeadLimits(lineBytes: 256, blockBytes: 1_024)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var progress = HeadProgress()
    let outcome = RequestHeadParser.parse(bytes, &progress, limits: limits, into: whole)
    for stride in [1, 7] { precondition(parsePieces(bytes, stride) == outcome) }
    guard case .complete(let length) = outcome else { return 0 }
    precondition(length == whole.byteCount && length <= count && bytes[length - 1] == 10 && bytes[length - 2] == 13)
    precondition(whole.framing == pieced.framing && whole.host == pieced.host)
    precondition(whole.fields.count == pieced.fields.count && whole.isKeepAlive == pieced.isKeepAlive)
    for range in [whole.methodName, whole.target, whole.originTarget, whole.authority, whole.host] {
        checkText(bytes, range, within: length)
    }
    for index in 0..<whole.fields.count { checkField(bytes, whole.fields[index], within: length) }
    return 0
}

private func parsePieces(_ bytes: UnsafeRawBufferPointer, _ stride: Int) -> RequestHeadOutcome {
    var progress = HeadProgress()
    var end = 0
    while true {
        end = min(end + stride, bytes.count)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        let outcome = RequestHeadParser.parse(piece, &progress, limits: limits, into: pieced)
        if outcome != .incomplete || end == bytes.count { return outcome }
    }
}

private func checkField(_ bytes: UnsafeRawBufferPointer, _ field: HeaderField, within length: Int) {
    checkText(bytes, field.name, within: length)
    checkText(bytes, field.value, within: length)
    precondition(!field.name.isEmpty && bytes[field.name.upperBound] == UInt8(ascii: ":"))
}

private func checkText(_ bytes: UnsafeRawBufferPointer, _ range: ByteRange, within length: Int) {
    precondition(range.upperBound <= length)
    precondition(bytes[range].allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 })
}
