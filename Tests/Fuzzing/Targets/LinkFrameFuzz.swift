import ControlLink
import PorticoSnapshot

// The same frames come out however the bytes are cut, and a frame survives another journey through bytes.

private struct Frames: Equatable {
    var frames: [LinkFrame] = []
    var error: LinkError?

    init(_ bytes: UnsafeRawBufferPointer, stride: Int) {
        var reader = FrameReader(maximumFrameBytes: 1 << 16)
        var start = 0
        do throws(LinkError) {
            while start < bytes.count {
                let end = min(start + stride, bytes.count)
                reader.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                while let frame = try reader.next() { frames.append(frame) }
                start = end
            }
        } catch {
            self.error = error
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let whole = Frames(bytes, stride: max(1, count))
    let pieces = Frames(bytes, stride: 3)
    precondition(whole.error == pieces.error && whole.frames.count == pieces.frames.count)
    for frame in whole.frames {
        // A number that is none differs from itself, so bytes are compared.
        let encoded = frame.encode()
        let again = encoded.withUnsafeBytes { Frames($0, stride: encoded.count) }
        precondition(again.error == nil && again.frames.map { $0.encode() } == [encoded])
    }
    return 0
}
