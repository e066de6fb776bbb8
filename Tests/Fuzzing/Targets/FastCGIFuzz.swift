import EventLoop
import FastCGICore
import HTTPCore

// The same output however a responder's records are cut, and offsets within the bytes that were given.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = output(bytes, piece: max(1, bytes.count))
    for piece in [1, 5] { precondition(output(bytes, piece: piece) == whole) }
    return 0
}

private func output(_ bytes: [UInt8], piece: Int) -> [UInt8] {
    var reader = FastCGIReader()
    var head = CGIHead()
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: piece) {
        let part = Array(bytes[start..<min(start + piece, bytes.count)])
        let isOver = part.withUnsafeBytes { part in
            var offset = 0
            while true {
                switch reader.next(part, from: &offset) {
                case .output(let range):
                    result += Array(part[range])
                    if case .complete(let body) = head.take(part[range]) {
                        precondition(body <= range.count)
                        head = CGIHead()
                    }
                case .errorOutput: continue
                case .needsMore: return false
                case .end, .failed: return true
                }
            }
        }
        if isOver { break }
    }
    _ = head.text
    return result
}
