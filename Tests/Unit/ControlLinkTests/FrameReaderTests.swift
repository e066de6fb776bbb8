import ControlLink
import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct FrameReaderTests {
    @Test(arguments: [1, 2, 3, 5, 1000])
    func `Frames come out whole however the bytes arrive`(step: Int) throws {
        let frames: [LinkFrame] = [
            .ping(token: 1), .unknown, .nack(Version(epoch: 1, sequence: 2), error: "why"), .pong(token: .max),
        ]
        let bytes = frames.flatMap { $0.encode() }
        var reader = FrameReader()
        var read: [LinkFrame] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            reader.append(Array(bytes[start..<min(start + step, bytes.count)]))
            while let frame = try reader.next() { read.append(frame) }
        }
        #expect(read == frames)
        #expect(reader.bufferedBytes == 0)
    }

    @Test func `A frame that is too long is refused before it arrives`() {
        var reader = FrameReader(maximumFrameBytes: 1000)
        reader.append([0, 0, 3, 233])
        #expect(throws: LinkError.frameTooLong(bytes: 1001)) { try reader.next() }
        var longest = FrameReader()
        longest.append([0xff, 0xff, 0xff, 0xff])
        #expect(throws: LinkError.frameTooLong(bytes: 0xffff_ffff)) { try longest.next() }
    }

    @Test func `A frame that is no message is refused`() {
        var reader = FrameReader()
        reader.append([0, 0, 0, 1, 0xff])
        #expect(throws: LinkError.malformedFrame(.malformed(message: "Frame"))) { try reader.next() }
    }

    @Test(
        arguments: [
            (1, 1, 1, 1, 1), (1, 3, 2, 5, 3), (2, 5, 1, 3, 3), (1, 1, 2, 2, nil), (3, 4, 1, 2, nil), (0, 0, 0, 0, nil),
        ] as [(UInt32, UInt32, UInt32, UInt32, UInt32?)])
    func `Two sides speak the highest protocol that both know`(
        minimum: UInt32, maximum: UInt32, otherMinimum: UInt32, otherMaximum: UInt32, expected: UInt32?
    ) {
        let range = ProtocolRange(minimum: minimum, maximum: maximum)
        #expect(range.common(with: ProtocolRange(minimum: otherMinimum, maximum: otherMaximum)) == expected)
    }

    @Test func `An output buffer gives back what went in, in any steps`() {
        var output = OutputBuffer()
        output.append(.ping(token: 1))
        output.append(.ping(token: 2))
        var bytes: [UInt8] = []
        while !output.isEmpty {
            bytes += output.withUnsentBytes { Array($0.prefix(3)) }
            output.consume(min(3, output.count))
        }
        #expect(bytes == LinkFrame.ping(token: 1).encode() + LinkFrame.ping(token: 2).encode())
    }
}
