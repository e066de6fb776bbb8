import HTTPCore

// The same body and the same end however the bytes are cut.

private struct Decoded: Equatable {
    var body: [UInt8] = []
    var trailers: [UInt8] = []
    var consumed = 0
    var last = ChunkedDecoder.Step.needsMore

    init(_ bytes: UnsafeRawBufferPointer, stride: Int) {
        var decoder = ChunkedDecoder()
        var start = 0
        repeat {
            let end = min(start + stride, bytes.count)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            var offset = 0
            repeat {
                let before = offset
                last = decoder.next(piece, from: &offset)
                precondition(offset >= before && offset <= piece.count)
                if case .data(let range) = last {
                    precondition(!range.isEmpty)
                    body += piece[range]
                } else if case .trailers(let range) = last {
                    precondition(!range.isEmpty)
                    trailers += piece[range]
                } else {
                    break
                }
            } while true
            consumed = start + offset
            start = end
        } while last == .needsMore && start < bytes.count
        // How many field lines came before a malformed one depends on the cuts.
        if last != .needsMore && last != .end { trailers = [] }
        precondition(decoder.hasEnded == (last == .end))
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let whole = Decoded(bytes, stride: max(1, count))
    precondition(whole.consumed <= count && whole.body.count <= count)
    for stride in [1, 3] { precondition(Decoded(bytes, stride: stride) == whole) }
    return 0
}
