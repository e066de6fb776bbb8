import TLSEngine

// A first message is judged the same whatever follows it, and never before it is complete or wrong; what is found in it
// is a name that a host may have.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let outcome = ClientHelloReader.read(bytes)
    // Every cut would take the square of the time.
    let step = max(1, count / 64)
    for length in stride(from: 0, to: count, by: step) {
        let prefix = ClientHelloReader.read(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        if prefix != .incomplete { precondition(prefix == outcome) }
    }
    if case .complete(let hello) = outcome {
        precondition(hello.serverName.count <= 255 && hello.serverName.last != UInt8(ascii: "."))
        precondition(!hello.serverName.contains { $0 == 0 || $0 >= 0x41 && $0 <= 0x5A })
    }
    return 0
}
