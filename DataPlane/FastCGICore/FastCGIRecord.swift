import EventLoop
import HTTPCore

/// The records of FastCGI 1.0 that a web server sends to a responder. There is one request per connection.
package enum FastCGIRecord {
    static let headerCount = 8
    /// The most that one record carries.
    package static let maximumContent = 65_528

    enum Kind: UInt8 {
        case beginRequest = 1
        case endRequest = 3
        case parameters = 4
        case standardInput = 5
        case standardOutput = 6
        case standardError = 7
    }

    /// Begins the request: role responder, and the connection ends with it.
    package static func appendBegin(to output: inout PooledBuffer, _ buffers: BufferPool) {
        append(.beginRequest, bytes: [0, 1, 0, 0, 0, 0, 0, 0], to: &output, buffers)
    }

    /// The parameters, and the empty record that ends them.
    package static func appendParameters(
        _ content: UnsafeRawBufferPointer, to output: inout PooledBuffer, _ buffers: BufferPool
    ) {
        appendStream(.parameters, content, to: &output, buffers)
        appendHeader(.parameters, count: 0, to: &output, buffers)
    }

    /// Bytes of the body.
    package static func appendInput(
        _ content: UnsafeRawBufferPointer, to output: inout PooledBuffer, _ buffers: BufferPool
    ) {
        appendStream(.standardInput, content, to: &output, buffers)
    }

    package static func appendInputEnd(to output: inout PooledBuffer, _ buffers: BufferPool) {
        appendHeader(.standardInput, count: 0, to: &output, buffers)
    }

    private static func appendStream(
        _ kind: Kind, _ content: UnsafeRawBufferPointer, to output: inout PooledBuffer, _ buffers: BufferPool
    ) {
        var start = 0
        while start < content.count {
            let end = min(start + maximumContent, content.count)
            appendHeader(kind, count: end - start, to: &output, buffers)
            buffers.append(UnsafeRawBufferPointer(rebasing: content[start..<end]), to: &output)
            start = end
        }
    }

    private static func append(_ kind: Kind, bytes: [UInt8], to output: inout PooledBuffer, _ buffers: BufferPool) {
        appendHeader(kind, count: bytes.count, to: &output, buffers)
        bytes.withUnsafeBytes { buffers.append($0, to: &output) }
    }

    private static func appendHeader(
        _ kind: Kind, count: Int, to output: inout PooledBuffer, _ buffers: BufferPool
    ) {
        buffers.reserve(headerCount, in: &output)
        var writer = ByteWriter(output.space)
        for byte in [1, kind.rawValue, 0, 1, UInt8(count >> 8), UInt8(count & 255), 0, 0] { writer.append(byte) }
        output.produced(writer.count)
    }
}

/// Takes a responder's records apart, however they are cut. Pure.
package struct FastCGIReader {
    package enum Step: Equatable {
        /// Bytes of the response.
        case output(ByteRange)
        /// Bytes for a log.
        case errorOutput(ByteRange)
        /// The responder has done with the request; the statuses of the application and of the protocol.
        case end(application: UInt32, protocolStatus: UInt8)
        case needsMore
        case failed
    }

    private var header: UInt64 = 0
    private var headerBytes = 0
    private var content = 0
    private var padding = 0
    private var end: UInt64 = 0
    private var hasEnded = false

    package init() {}

    private var kind: UInt8 { UInt8(truncatingIfNeeded: header >> 48) }

    /// The next step from `offset` on, which is moved behind what was consumed.
    package mutating func next(_ bytes: UnsafeRawBufferPointer, from offset: inout Int) -> Step {
        while true {
            if hasEnded { return .end(application: UInt32(end >> 32), protocolStatus: UInt8(end >> 24 & 255)) }
            if headerBytes < FastCGIRecord.headerCount {
                guard offset < bytes.count else { return .needsMore }
                header = header << 8 | UInt64(bytes[offset])
                headerBytes += 1
                offset += 1
                if headerBytes == FastCGIRecord.headerCount {
                    guard header >> 56 == 1 else { return .failed }
                    content = Int(header >> 16 & 0xFFFF)
                    padding = Int(header >> 8 & 0xFF)
                    if kind == FastCGIRecord.Kind.endRequest.rawValue, content != 8 { return .failed }
                }
                continue
            }
            if content == 0, padding == 0 {
                if kind == FastCGIRecord.Kind.endRequest.rawValue { hasEnded = true }
                headerBytes = 0
                continue
            }
            guard offset < bytes.count else { return .needsMore }
            if content == 0 {
                let count = min(padding, bytes.count - offset)
                padding -= count
                offset += count
            } else if let step = takeContent(bytes, &offset) {
                return step
            }
        }
    }

    private mutating func takeContent(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> Step? {
        let start = offset
        let count = min(content, bytes.count - offset)
        content -= count
        offset += count
        switch FastCGIRecord.Kind(rawValue: kind) {
        case .standardOutput: return .output(ByteRange(start, offset))
        case .standardError: return .errorOutput(ByteRange(start, offset))
        case .endRequest:
            for index in start..<offset { end = end << 8 | UInt64(bytes[index]) }
            return nil
        // Whatever else a responder sends concerns the connection as a whole, which ends anyway.
        default: return nil
        }
    }
}
