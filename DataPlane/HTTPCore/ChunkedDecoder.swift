/// Why a chunked body is refused.
package enum ChunkedError: Error, Hashable, Sendable {
    case malformedSize, sizeTooLong, malformedExtension, extensionsTooLong, malformedLineEnd
    case malformedTrailer, forbiddenTrailer, trailersTooLong
}

/// The strict decoder of chunked bodies (RFC 9112 §7.1), one byte after another; it never asks for a byte twice.
///
/// States: size → (extension) → size line feed → data → data CR → data LF → size …; behind the chunk of size 0 the
/// trailer section: line start → name → value → line feed → … → last line feed → ended. Everything it consumes is
/// well-formed, so the bytes may also be passed on as they came.
package struct ChunkedDecoder: Sendable {
    /// What comes next in the bytes.
    package enum Step: Hashable, Sendable {
        /// Bytes of the body, none of them empty.
        case data(ByteRange)
        /// A run of the trailer section's field lines, not empty; the empty line that ends it is no part of it.
        case trailers(ByteRange)
        /// All bytes were consumed and the body has not ended.
        case needsMore
        /// The body ended; the offset stands behind its last byte.
        case end
        case failed(ChunkedError)
    }

    private enum State: UInt8 {
        case sizeStart, size, extensions, sizeLineFeed, data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, lastLineFeed, ended
    }

    /// Bytes of one chunk's extensions.
    package static let maximumExtensionBytes = 256
    /// Bytes of the extensions of all chunks of a body together.
    package static let maximumTotalExtensionBytes: UInt32 = 16 << 10
    /// Bytes of the whole trailer section.
    package static let maximumTrailerBytes: UInt32 = 8 << 10

    private var state = State.sizeStart
    private var sizeDigits: UInt8 = 0
    private var extensionBytes: UInt16 = 0
    private var totalExtensionBytes: UInt32 = 0
    private var trailerBytes: UInt32 = 0
    private var trailerNameCount: UInt32 = 0
    private var trailerName = HeaderNameWords()
    private var remaining: UInt64 = 0
    /// Some field came in the trailer section.
    package private(set) var hasTrailers = false

    package init() {}

    package var hasEnded: Bool { state == .ended }

    /// The next step from `offset` on, which is moved behind what was consumed.
    ///
    /// Call until it says something other than `.data` and `.trailers`.
    package mutating func next(_ bytes: UnsafeRawBufferPointer, from offset: inout Int) -> Step {
        let span = bytes.bytes
        do throws(ChunkedError) {
            while offset < span.byteCount {
                if state == .data { return .data(takeData(span, from: &offset)) }
                if state == .ended { return .end }
                if state.rawValue >= State.trailerStart.rawValue {
                    let lines = try takeTrailers(span, from: &offset)
                    if !lines.isEmpty { return .trailers(lines) }
                    continue
                }
                let byte = span.byte(offset)
                offset += 1
                if state.rawValue < State.data.rawValue {
                    try takeSize(byte)
                } else {
                    try takeDataEnd(byte)
                }
            }
            return state == .ended ? .end : .needsMore
        } catch {
            return .failed(error)
        }
    }

    private mutating func takeData(_ span: RawSpan, from offset: inout Int) -> ByteRange {
        let available = UInt64(span.byteCount - offset)
        let count = min(remaining, available)
        let start = offset
        offset += Int(count)
        remaining -= count
        if remaining == 0 { state = .dataReturn }
        return ByteRange(start, offset)
    }

    private mutating func takeSize(_ byte: UInt8) throws(ChunkedError) {
        switch state {
        case .sizeStart, .size:
            if let digit = ASCII.hexValue(byte) {
                if sizeDigits == 16 { throw .sizeTooLong }
                sizeDigits += 1
                remaining = remaining << 4 | UInt64(digit)
                state = .size
            } else if state == .sizeStart {
                throw .malformedSize
            } else if byte == ASCII.carriageReturn {
                state = .sizeLineFeed
            } else if byte == UInt8(ascii: ";") {
                try countExtensionByte()
                state = .extensions
            } else {
                throw .malformedSize
            }
        case .extensions:
            if byte == ASCII.carriageReturn {
                state = .sizeLineFeed
            } else {
                if ASCII.isForbiddenControl(byte) { throw .malformedExtension }
                try countExtensionByte()
            }
        default:
            guard byte == ASCII.lineFeed else { throw .malformedLineEnd }
            if remaining > UInt64(Int64.max) { throw .sizeTooLong }
            state = remaining == 0 ? .trailerStart : .data
        }
    }

    private mutating func countExtensionByte() throws(ChunkedError) {
        extensionBytes += 1
        totalExtensionBytes += 1
        if extensionBytes > Self.maximumExtensionBytes || totalExtensionBytes > Self.maximumTotalExtensionBytes {
            throw .extensionsTooLong
        }
    }

    private mutating func takeDataEnd(_ byte: UInt8) throws(ChunkedError) {
        if state == .dataReturn {
            guard byte == ASCII.carriageReturn else { throw .malformedLineEnd }
            state = .dataLineFeed
        } else {
            guard byte == ASCII.lineFeed else { throw .malformedLineEnd }
            state = .sizeStart
            sizeDigits = 0
            extensionBytes = 0
        }
    }

    private mutating func takeTrailers(_ span: RawSpan, from offset: inout Int) throws(ChunkedError) -> ByteRange {
        let start = offset
        var end = start
        while offset < span.byteCount, state != .ended {
            try takeTrailer(span.byte(offset))
            offset += 1
            if state != .lastLineFeed, state != .ended { end = offset }
        }
        return ByteRange(start, end)
    }

    private mutating func takeTrailer(_ byte: UInt8) throws(ChunkedError) {
        trailerBytes += 1
        if trailerBytes > Self.maximumTrailerBytes { throw .trailersTooLong }
        switch state {
        case .trailerStart:
            if byte == ASCII.carriageReturn {
                state = .lastLineFeed
            } else {
                trailerNameCount = 0
                state = .trailerName
                try takeTrailerName(byte)
            }
        case .trailerName: try takeTrailerName(byte)
        case .trailerValue:
            if byte == ASCII.carriageReturn {
                state = .trailerLineFeed
            } else if ASCII.isForbiddenControl(byte) {
                throw .malformedTrailer
            }
        default:
            guard byte == ASCII.lineFeed else { throw .malformedLineEnd }
            state = state == .lastLineFeed ? .ended : .trailerStart
        }
    }

    private mutating func takeTrailerName(_ byte: UInt8) throws(ChunkedError) {
        let count = Int(trailerNameCount)
        if byte == ASCII.colon {
            guard count > 0 else { throw .malformedTrailer }
            if count <= HeaderNameWords.capacity {
                let header = HeaderNameTable.shared.reader.lookup(trailerName, count: count)
                if header.isForbiddenInTrailers { throw .forbiddenTrailer }
            }
            hasTrailers = true
            state = .trailerValue
            return
        }
        guard ASCII.isTokenCharacter(byte) else { throw .malformedTrailer }
        if count == 0 { trailerName = HeaderNameWords() }
        trailerName.set(byte, at: count)
        trailerNameCount += 1
    }
}
