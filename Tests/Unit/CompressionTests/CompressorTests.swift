import Foundation
import Testing

@testable import Compression

private let text = Array(String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 2_000).utf8)

/// Compresses `pieces` through a small output buffer, each flushed.
private func compress(_ pieces: [[UInt8]], _ coding: ContentCoding, room: Int) throws -> [[UInt8]] {
    let compressor = try #require(Compressor(coding, level: 4))
    var outputs: [[UInt8]] = []
    for (index, piece) in (pieces + [[]]).enumerated() {
        var output: [UInt8] = []
        var rest = piece[...]
        while true {
            var buffer = [UInt8](repeating: 0, count: room)
            let step = try #require(
                Array(rest).withUnsafeBytes { input in
                    buffer.withUnsafeMutableBytes {
                        compressor.step(input, into: $0, flush: index == pieces.count ? .finish : .sync)
                    }
                })
            output += buffer.prefix(step.produced)
            rest = rest.dropFirst(step.consumed)
            if step.isDone { break }
        }
        outputs.append(output)
    }
    return outputs
}

@Suite struct CompressorTests {
    @Test(arguments: ContentCoding.allCases, [64, 70_000])
    func `what comes out is smaller and whole`(coding: ContentCoding, room: Int) throws {
        let output = try compress([text], coding, room: room).flatMap { $0 }
        #expect(output.count < text.count / 20)
        #expect(try decompress(output, coding) == text)
    }

    @Test(arguments: ContentCoding.allCases)
    func `each flush lets something out`(coding: ContentCoding) throws {
        let pieces = [Array("first".utf8), Array("second".utf8), Array("third".utf8)]
        let outputs = try compress(pieces, coding, room: 4_096)
        #expect(outputs.prefix(3).allSatisfy { !$0.isEmpty })
        #expect(try decompress(outputs.flatMap { $0 }, coding) == pieces.flatMap { $0 })
    }
}
