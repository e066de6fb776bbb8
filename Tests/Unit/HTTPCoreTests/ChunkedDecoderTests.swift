import Testing

@testable import HTTPCore

/// What a chunked body decodes to.
private struct Decoded: Equatable {
    var body: [UInt8] = []
    var trailers: [UInt8] = []
    var consumed = 0
    var last = ChunkedDecoder.Step.needsMore
    var hasTrailers = false

    /// Decodes `bytes` handed over in pieces that end at `cuts`.
    init(_ bytes: [UInt8], cuts: [Int] = []) {
        var decoder = ChunkedDecoder()
        var start = 0
        for end in cuts + [bytes.count] where last == .needsMore {
            Array(bytes[start..<end]).withUnsafeBytes { piece in
                var offset = 0
                repeat {
                    last = decoder.next(piece, from: &offset)
                    if case .data(let range) = last { body += piece[range] }
                    if case .trailers(let range) = last { trailers += piece[range] }
                } while last.isContent
                if case .failed = last {} else { consumed = start + offset }
            }
            start = end
        }
        hasTrailers = decoder.hasTrailers
    }
}

extension ChunkedDecoder.Step {
    fileprivate var isContent: Bool {
        switch self {
        case .data, .trailers: true
        default: false
        }
    }
}

private let wellFormed: [(text: String, body: String)] = [
    ("0\r\n\r\n", ""),
    ("5\r\nhello\r\n0\r\n\r\n", "hello"),
    ("5\r\nhello\r\n6;name=value\r\n world\r\n0\r\n\r\n", "hello world"),
    ("a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789"),
    ("0000000000000001\r\nx\r\n0;last\r\nX-Sum: 12\r\nX-Empty:\r\n\r\n", "x"),
    ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
    ("3;a=\"b;c\"\r\n0\r\n\r\n0\r\n\r\n", "0\r\n"),
]

private let refused: [Refusal<ChunkedError>] = [
    .init("\r\n", .malformedSize),
    .init("-1\r\n", .malformedSize),
    .init("+1\r\nx\r\n0\r\n\r\n", .malformedSize),
    .init(" 1\r\nx\r\n0\r\n\r\n", .malformedSize),
    .init("1 \r\nx\r\n0\r\n\r\n", .malformedSize),
    .init("1 ;a\r\nx\r\n0\r\n\r\n", .malformedSize),
    .init("1_0\r\n", .malformedSize),
    .init("0x5\r\nhello\r\n0\r\n\r\n", .malformedSize),
    .init("g\r\n", .malformedSize),
    .init("5\nhello\r\n0\r\n\r\n", .malformedSize),
    .init(";a\r\n\r\n", .malformedSize),
    .init("5\rhello", .malformedLineEnd),
    .init("5;a\nhello", .malformedExtension),
    .init("5;a\rb\r\nhello", .malformedLineEnd),
    .init("5;a\0b\r\nhello", .malformedExtension),
    .init("00000000000000001\r\n", .sizeTooLong),
    .init("ffffffffffffffff\r\n", .sizeTooLong),
    .init("10000000000000000\r\n", .sizeTooLong),
    .init("8000000000000000\r\n", .sizeTooLong),
    .init("5\r\nhelloX\r\n", .malformedLineEnd),
    .init("5\r\nhello\n0\r\n\r\n", .malformedLineEnd),
    .init("5\r\nhello\r0", .malformedLineEnd),
    .init("5\r\nhello0\r\n\r\n", .malformedLineEnd),
    .init("0\r\n\n", .malformedTrailer),
    .init("0\r\n\rX", .malformedLineEnd),
    .init("0\r\nX\r\n\r\n", .malformedTrailer),
    .init("0\r\n: x\r\n\r\n", .malformedTrailer),
    .init("0\r\nX : y\r\n\r\n", .malformedTrailer),
    .init("0\r\n X: y\r\n\r\n", .malformedTrailer),
    .init("0\r\nX: y\r\n folded\r\n\r\n", .malformedTrailer),
    .init("0\r\nX: y\nZ: 1\r\n\r\n", .malformedTrailer),
    .init("0\r\nX: a\0b\r\n\r\n", .malformedTrailer),
    .init("0\r\nX: y\rz\r\n\r\n", .malformedLineEnd),
    .init("0\r\nContent-Length: 5\r\n\r\n", .forbiddenTrailer),
    .init("0\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n", .forbiddenTrailer),
    .init("0\r\nHOST: x\r\n\r\n", .forbiddenTrailer),
    .init("0\r\nX-Original-Forwarded-For: x\r\n\r\n", .forbiddenTrailer),
    .init("1;\(String(repeating: "e", count: 256))\r\n", .extensionsTooLong),
    .init(String(repeating: "1;\(String(repeating: "e", count: 200))\r\nx\r\n", count: 100), .extensionsTooLong),
    .init("0\r\nX: \(String(repeating: "t", count: 8_200))\r\n", .trailersTooLong),
]

@Suite struct ChunkedDecoderTests {
    @Test(arguments: wellFormed)
    func `A chunked body yields its data and its end, however it is cut`(text: String, body: String) {
        let bytes = Array(text.utf8)
        let whole = Decoded(bytes + Array("GET /next".utf8))
        #expect(String(decoding: whole.body, as: UTF8.self) == body)
        #expect(whole.last == .end)
        #expect(whole.consumed == bytes.count)
        let hasTrailers = text.contains("X-Sum")
        #expect(whole.hasTrailers == hasTrailers)
        #expect(String(decoding: whole.trailers, as: UTF8.self) == (hasTrailers ? "X-Sum: 12\r\nX-Empty:\r\n" : ""))
        #expect(Decoded(bytes, cuts: Array(1..<bytes.count)) == whole)
        for cut in 1..<bytes.count { #expect(Decoded(bytes, cuts: [cut]) == whole) }
    }

    @Test(arguments: refused)
    func `Sloppy chunks are refused, however they are cut`(refusal: Refusal<ChunkedError>) {
        let bytes = Array(refusal.text.utf8)
        #expect(Decoded(bytes).last == .failed(refusal.error))
        #expect(Decoded(bytes, cuts: Array(1..<bytes.count)).last == .failed(refusal.error))
    }

    @Test func `A body without its end needs more`() {
        for (text, _) in wellFormed {
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count {
                let part = Decoded(Array(bytes[..<count]))
                #expect(part.last == .needsMore)
                #expect(part.consumed == count)
            }
        }
    }

    @Test func `A decoder is small enough to live in a connection`() {
        #expect(MemoryLayout<ChunkedDecoder>.size <= 64)
    }
}
