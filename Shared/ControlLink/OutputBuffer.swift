import PorticoSnapshot

/// Bytes that wait for the socket to take them.
package struct OutputBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    package init() {}

    package var count: Int { bytes.count - start }
    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ frame: LinkFrame) {
        bytes += frame.encode()
    }

    package func withUnsentBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    /// Forgets the first `count` bytes: the socket took them.
    package mutating func consume(_ count: Int) {
        start += count
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
            start = 0
        } else if start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
    }

    package mutating func removeAll() {
        bytes = []
        start = 0
    }
}
