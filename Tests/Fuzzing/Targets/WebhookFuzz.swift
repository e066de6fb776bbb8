// Modules: CSystem COpenSSL PorticoModel ClusterState Logging ProcessSupervision Admission
// Libraries: -lssl -lcrypto
import Admission

// Whatever a client of the webhook sends, and in whatever pieces, the same requests are read; what they hold is a review
// or is not.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = read(bytes, inPiecesOf: max(1, bytes.count))
    precondition(whole == read(bytes, inPiecesOf: 3))
    for case .request(let request) in whole { review(request.body) }
    review(bytes)
    return 0
}

/// Leave to send is given or not, as the pieces fall; everything else is the same.
private func read(_ bytes: [UInt8], inPiecesOf size: Int) -> [HTTPRequestReader.Step] {
    var reader = HTTPRequestReader(longestBody: 1_000)
    var steps: [HTTPRequestReader.Step] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        reader.feed(bytes[start..<min(start + size, bytes.count)])
        var step = reader.next()
        while step != .needsMore {
            if step != .expectsContinue { steps.append(step) }
            if case .refused = step { return steps }
            step = reader.next()
        }
    }
    return steps
}

private func review(_ body: [UInt8]) {
    guard let review = try? AdmissionReview(body) else { return }
    precondition(!review.answer(.denied("no")).isEmpty)
}
