import PorticoSnapshot

/// Cuts a stream of bytes into frames.
package struct FrameReader: Sendable {
    private var bytes: [UInt8] = []
    /// Where the first frame that was not taken yet starts.
    private var start = 0
    private let maximumFrameBytes: Int

    /// - Parameter maximumFrameBytes: a longer frame is an error before its content arrives.
    package init(maximumFrameBytes: Int = LinkFrame.maximumBytes) {
        self.maximumFrameBytes = maximumFrameBytes
    }

    /// Bytes that wait to become a frame.
    package var bufferedBytes: Int { bytes.count - start }

    package mutating func append(_ more: UnsafeRawBufferPointer) {
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
            start = 0
        } else if start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    package mutating func append(_ more: [UInt8]) {
        more.withUnsafeBytes { append($0) }
    }

    /// - Returns: the next frame, or nil until more bytes arrive.
    package mutating func next() throws(LinkError) -> LinkFrame? {
        guard bufferedBytes >= LinkFrame.prefixBytes else { return nil }
        let length = bytes[start..<start + LinkFrame.prefixBytes].reduce(0) { $0 << 8 | Int($1) }
        guard length <= maximumFrameBytes else { throw .frameTooLong(bytes: length) }
        guard bufferedBytes >= LinkFrame.prefixBytes + length else { return nil }
        let content = start + LinkFrame.prefixBytes..<start + LinkFrame.prefixBytes + length
        start = content.upperBound
        let result: Result<LinkFrame, SnapshotError> = bytes.withUnsafeBytes { all in
            do throws(SnapshotError) {
                return .success(try LinkFrame.decode(UnsafeRawBufferPointer(rebasing: all[content])))
            } catch { return .failure(error) }
        }
        switch result {
        case .success(let frame): return frame
        case .failure(let error): throw .malformedFrame(error)
        }
    }
}
