import Compression
import EventLoop
import HTTPCore
import Policies

/// Compressing responses on their way to the client.
extension Exchange {
    /// Statuses whose responses are compressed, as with nginx.
    private static func isCompressible(_ status: Int) -> Bool { status == 200 || status == 403 || status == 404 }

    /// Chooses a coding for a response whose head is there, if any is to be applied.
    /// - Returns: whether the response would differ for another client, compressed or not.
    func beginCompression(
        _ bytes: UnsafeRawBufferPointer, _ response: ResponseHead, _ extras: ExchangeExtras, for downstream: Downstream
    ) -> Bool {
        let candidates = tables.compiled.compression
        guard !candidates.isEmpty, Self.isCompressible(status), !response.fields.present.contains(.contentEncoding),
            let typeRange = response.fields.value(of: .contentType)
        else { return false }
        let type = bytes[typeRange]
        guard candidates.contains(where: { $0.types.contains(type) }) else { return false }
        guard method != .head, response.framing != .none, !isHTTP10,
            let accepted = field("accept-encoding", extras)
        else { return true }
        let agent = field("user-agent", extras) ?? UnsafeRawBufferPointer(start: nil, count: 0)
        var best: (weight: Int, choice: CompiledCompression)?
        for candidate in candidates where candidate.types.contains(type) {
            if case .length(let count) = response.framing, count < candidate.minimumBytes { continue }
            let weight = AcceptEncoding.weight(of: candidate.coding.name, in: accepted)
            guard weight > best?.weight ?? 0, !candidate.excludes(agent, core.policies.captures) else { continue }
            best = (weight, candidate)
        }
        guard let best, let compressor = Compressor(best.choice.coding.contentCoding, level: best.choice.level) else {
            return true
        }
        extras.compressor = compressor
        stripsChunks = true
        encodesChunks = !downstream.isStream
        return true
    }

    /// The fields of a response that is or may be compressed.
    func collectCompression(_ text: UnsafeRawBufferPointer, _ extras: ExchangeExtras, _ edits: HeaderEdits) {
        edits.add("Vary") { $0.append("Accept-Encoding") }
        guard let compressor = extras.compressor else { return }
        edits.remove("Content-Length")
        edits.remove("Accept-Ranges")
        edits.set("Content-Encoding") { $0.append(compressor.coding.name) }
        // The bytes differ from those that a strong validator stands for (RFC 9110 §8.8.1).
        if let tag = FieldSearch.value(of: "etag", in: text), tag.first == UInt8(ascii: "\"") {
            edits.set("ETag") { writer in
                writer.append("W/")
                writer.append(tag)
            }
        }
    }

    /// Sends bytes of the body, which lie in `core.upstreamRead`, compressed, behind `headCount` bytes of `core.scratch`.
    func relayCompressed(
        _ start: Int, _ end: Int, isOver: Bool, headCount: Int, by compressor: Compressor, for downstream: Downstream
    ) {
        headSentCount += UInt64(headCount)
        let mayFollow = connection?.mayRead ?? false
        let flush: Compressor.Flush = isOver ? .finish : mayFollow ? .none : .sync
        let memory = core.policies.compressed
        var offset = 0
        if headCount > 0 {
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: core.scratch[..<headCount]))
            offset = headCount
        }
        var head = headCount
        var input = UnsafeRawBufferPointer(rebasing: core.upstreamRead[start..<end])
        while true {
            guard let step = compressStep(input, flush, at: offset, by: compressor) else {
                return endResponse(isComplete: false)
            }
            input = UnsafeRawBufferPointer(rebasing: input[step.consumed...])
            var written = offset + step.produced
            if isOver, step.isDone, encodesChunks {
                memory.baseAddress!.advanced(by: written).copyMemory(from: "0\r\n\r\n", byteCount: 5)
                written += 5
                encodesChunks = false
            }
            responseCount += UInt64(written - head)
            if written > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: memory[..<written])
                let isLast = isOver && step.isDone && (connection?.trailers.isEmpty ?? true)
                guard pass(bytes, headCount: head, isLast: isLast, to: downstream) else { return }
            }
            (offset, head) = (0, 0)
            if step.isDone { break }
        }
        if isOver {
            extras?.compressor = nil
            endResponse(isComplete: true)
        }
    }

    /// One step of the compressor, framed as a chunk where the client wants chunks.
    /// - Returns: the step, with the bytes of the frame counted in.
    private func compressStep(
        _ input: UnsafeRawBufferPointer, _ flush: Compressor.Flush, at offset: Int, by compressor: Compressor
    ) -> Compressor.Step? {
        let memory = core.policies.compressed
        // The size has always the same number of digits, so that its place is known before it.
        let prefix = encodesChunks ? PolicyRuntime.chunkDigits + 2 : 0
        let room = UnsafeMutableRawBufferPointer(
            rebasing: memory[(offset + prefix)..<(memory.count - PolicyRuntime.compressedTail)])
        guard var step = compressor.step(input, into: room, flush: flush) else { return nil }
        guard encodesChunks, step.produced > 0 else { return step }
        var size = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: memory[offset..<(offset + prefix)]))
        size.append(hexadecimal: UInt64(step.produced), digits: PolicyRuntime.chunkDigits)
        size.appendLineEnd()
        memory[offset + prefix + step.produced] = UInt8(ascii: "\r")
        memory[offset + prefix + step.produced + 1] = UInt8(ascii: "\n")
        step.produced += prefix + 2
        return step
    }
}

extension CompiledCompression.Coding {
    fileprivate var contentCoding: ContentCoding {
        switch self {
        case .gzip: .gzip
        case .brotli: .brotli
        case .zstd: .zstd
        }
    }
}
