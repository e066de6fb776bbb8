import HTTPCore

// One outcome however the bytes are cut, and offsets that lie within the head.

// libFuzzer calls on one thread.
nonisolated(unsafe) private let whole = ResponseHead(fieldCapacity: 64)
nonisolated(unsafe) private let pieced = ResponseHead(fieldCapacity: 64)
private let limits = HeadLimits(lineBytes: 256, blockBytes: 1_024)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var progress = HeadProgress()
    let outcome = ResponseHeadParser.parse(bytes, answering: .get, &progress, limits: limits, into: whole)
    for stride in [1, 7] { precondition(parsePieces(bytes, stride) == outcome) }
    guard case .complete(let length) = outcome else { return 0 }
    precondition(length == whole.byteCount && length <= count && (100..<600).contains(whole.status))
    precondition(whole.framing == pieced.framing && whole.fields.count == pieced.fields.count)
    precondition(whole.reason.upperBound <= length && whole.fieldsStart <= length)
    for index in 0..<whole.fields.count {
        let field = whole.fields[index]
        precondition(field.value.upperBound <= length && bytes[field.name.upperBound] == UInt8(ascii: ":"))
        precondition(bytes[field.value].allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 })
    }
    return 0
}

private func parsePieces(_ bytes: UnsafeRawBufferPointer, _ stride: Int) -> ResponseHeadOutcome {
    var progress = HeadProgress()
    var end = 0
    while true {
        end = min(end + stride, bytes.count)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        let outcome = ResponseHeadParser.parse(piece, answering: .get, &progress, limits: limits, into: pieced)
        if outcome != .incomplete || end == bytes.count { return outcome }
    }
}
