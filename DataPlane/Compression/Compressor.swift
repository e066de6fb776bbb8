import CCompression

/// The content codings that the proxy applies.
package enum ContentCoding: UInt8, Sendable, CaseIterable {
    case gzip, brotli, zstd

    /// As Content-Encoding and Accept-Encoding name it.
    package var name: StaticString {
        switch self {
        case .gzip: "gzip"
        case .brotli: "br"
        case .zstd: "zstd"
        }
    }
}

/// One compressed stream: bytes go in, and come out into memory of the caller's, as much as fits.
package final class Compressor {
    package enum Flush: Sendable {
        /// The library decides what it keeps for later.
        case none
        /// All that went in comes out.
        case sync
        /// The stream ends.
        case finish
    }

    package struct Step: Equatable {
        package var consumed: Int
        package var produced: Int
        /// Nothing is left inside for this flush.
        package var isDone: Bool
    }

    private enum Engine {
        case gzip(UnsafeMutablePointer<z_stream>)
        case brotli(OpaquePointer)
        case zstd(OpaquePointer)
    }

    package let coding: ContentCoding
    private let engine: Engine

    /// - Parameter level: in the library's own scale; what is beyond it is brought into it.
    /// - Returns: nil where there is no memory for it.
    package init?(_ coding: ContentCoding, level: Int) {
        self.coding = coding
        switch coding {
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            guard portico_gzip_begin(stream, Int32(min(max(level, 1), 9))) == Z_OK else {
                stream.deallocate()
                return nil
            }
            engine = .gzip(stream)
        case .brotli:
            guard let state = BrotliEncoderCreateInstance(nil, nil, nil) else { return nil }
            BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, UInt32(min(max(level, 0), 11)))
            // 512 KiB, so that many responses at once have room.
            BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, 19)
            engine = .brotli(state)
        case .zstd:
            guard let context = ZSTD_createCCtx() else { return nil }
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(min(max(level, 1), 19)))
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 19)
            engine = .zstd(context)
        }
    }

    deinit {
        switch engine {
        case .gzip(let stream):
            deflateEnd(stream)
            stream.deallocate()
        case .brotli(let state): BrotliEncoderDestroyInstance(state)
        case .zstd(let context): ZSTD_freeCCtx(context)
        }
    }

    /// Takes from `input` and writes into `output`, which must not be empty.
    /// - Returns: nil where the library refuses, which no input makes it do.
    package func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, flush: Flush
    ) -> Step? {
        switch engine {
        case .gzip(let stream): gzip(stream, input, output, flush)
        case .brotli(let state): brotli(state, input, output, flush)
        case .zstd(let context): zstd(context, input, output, flush)
        }
    }

    private func gzip(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer, _ flush: Flush
    ) -> Step? {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        let mode =
            switch flush {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        let result = deflate(stream, mode)
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return nil }
        let isDone = flush == .finish ? result == Z_STREAM_END : stream.pointee.avail_out > 0
        return Step(
            consumed: input.count - Int(stream.pointee.avail_in),
            produced: output.count - Int(stream.pointee.avail_out),
            isDone: isDone && stream.pointee.avail_in == 0)
    }

    private func brotli(
        _ state: OpaquePointer, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, _ flush: Flush
    ) -> Step? {
        let operation =
            switch flush {
            case .none: BROTLI_OPERATION_PROCESS
            case .sync: BROTLI_OPERATION_FLUSH
            case .finish: BROTLI_OPERATION_FINISH
            }
        var (availableIn, availableOut) = (input.count, output.count)
        var nextIn = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var nextOut = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard
            BrotliEncoderCompressStream(state, operation, &availableIn, &nextIn, &availableOut, &nextOut, nil) != 0
        else { return nil }
        let isDone =
            flush == .finish
            ? BrotliEncoderIsFinished(state) != 0 : availableIn == 0 && BrotliEncoderHasMoreOutput(state) == 0
        return Step(consumed: input.count - availableIn, produced: output.count - availableOut, isDone: isDone)
    }

    private func zstd(
        _ context: OpaquePointer, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer,
        _ flush: Flush
    ) -> Step? {
        let directive =
            switch flush {
            case .none: ZSTD_e_continue
            case .sync: ZSTD_e_flush
            case .finish: ZSTD_e_end
            }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let rest = ZSTD_compressStream2(context, &target, &source, directive)
        guard ZSTD_isError(rest) == 0 else { return nil }
        let isDone = flush == .none ? source.pos == source.size : rest == 0
        return Step(consumed: source.pos, produced: target.pos, isDone: isDone)
    }
}
