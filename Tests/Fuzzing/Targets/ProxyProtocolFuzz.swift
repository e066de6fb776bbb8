import HTTPCore

// A header is judged the same whatever follows it, and never before it is complete or wrong.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let outcome = ProxyProtocolParser.parse(bytes)
    for length in 0..<count {
        let prefix = ProxyProtocolParser.parse(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        if prefix != .incomplete { precondition(prefix == outcome) }
    }
    if case .complete(let length, _) = outcome { precondition(length <= count && length >= 15) }
    return 0
}
