import CCompression
import Testing

@testable import Compression

/// Undoes a coding with the library that belongs to it.
func decompress(_ bytes: [UInt8], _ coding: ContentCoding) throws -> [UInt8] {
    switch coding {
    case .gzip: try gunzip(bytes)
    case .brotli: try unbrotli(bytes)
    case .zstd: try unzstd(bytes)
    }
}

private let room = 1 << 20

private func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    #expect(inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: room)
    let result = input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            return inflate(&stream, Z_FINISH)
        }
    }
    #expect(result == Z_STREAM_END)
    return Array(output.prefix(Int(stream.total_out)))
}

private func unbrotli(_ bytes: [UInt8]) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: room)
    var count = room
    #expect(BrotliDecoderDecompress(bytes.count, bytes, &count, &output) == BROTLI_DECODER_RESULT_SUCCESS)
    return Array(output.prefix(count))
}

private func unzstd(_ bytes: [UInt8]) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: room)
    let context = ZSTD_createDCtx()
    defer { ZSTD_freeDCtx(context) }
    var count = 0
    bytes.withUnsafeBytes { input in
        output.withUnsafeMutableBytes { output in
            var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            #expect(ZSTD_isError(ZSTD_decompressStream(context, &target, &source)) == 0)
            count = target.pos
        }
    }
    return Array(output.prefix(count))
}
