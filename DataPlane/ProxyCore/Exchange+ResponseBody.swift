import EventLoop
import Glibc
import HTTPCore

/// Passing on the response's body, in the loop's buffer and together with its head where that just came.
extension Exchange {
    /// Passes on what is the body's in `core.upstreamRead[start..<end]`, behind `headCount` bytes of `core.scratch`.
    func relayBody(from start: Int, to end: Int, headCount: Int, for downstream: Downstream) {
        var (from, to) = (start, start)
        var isOver = false
        switch responseFraming {
        case .none: isOver = true
        case .length:
            let count = Int(min(UInt64(end - start), remainingResponse))
            remainingResponse -= UInt64(count)
            upstreamBodyCount += UInt64(count)
            to = start + count
            isOver = remainingResponse == 0
        case .chunked:
            guard let outcome = decodeChunks(from: start, to: &to, end: end) else {
                // What came before the damage goes no further: the client sees the message cut off.
                return endResponse(isComplete: false)
            }
            isOver = outcome
        case .untilClose:
            upstreamBodyCount += UInt64(end - start)
            to = end
            if encodesChunks, to > from, extras?.compressor == nil { encodeChunk(&from, &to) }
        }
        // Bytes behind the end: the upstream speaks out of turn, so it isn't used again.
        if isOver, responseFraming != .chunked ? to < end : chunkedEnd < end { upstreamIsReusable = false }
        if let compressor = extras?.compressor {
            return relayCompressed(from, to, isOver: isOver, headCount: headCount, by: compressor, for: downstream)
        }
        responseCount += UInt64(to - from)
        headSentCount += UInt64(headCount)
        if headCount > 0 {
            from -= headCount
            UnsafeMutableRawBufferPointer(rebasing: core.upstreamRead[from...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: core.scratch[..<headCount]))
        }
        if from < to {
            let bytes = UnsafeRawBufferPointer(rebasing: core.upstreamRead[from..<to])
            let isLast = isOver && (connection?.trailers.isEmpty ?? true)
            guard pass(bytes, headCount: headCount, isLast: isLast, to: downstream) else { return }
        }
        if isOver { endResponse(isComplete: true) }
    }

    /// Where the chunked body that was just relayed ended in the buffer.
    private var chunkedEnd: Int { Int(remainingResponse) }

    /// Follows the chunks. To an HTTP/1.1 client they go as they came, checked; for others the data is moved together.
    /// - Returns: whether the body ended; nil where it is malformed.
    private func decodeChunks(from start: Int, to: inout Int, end: Int) -> Bool? {
        let bytes = UnsafeRawBufferPointer(rebasing: core.upstreamRead[start..<end])
        var offset = 0
        var target = start
        while true {
            switch responseChunks.next(bytes, from: &offset) {
            case .data(let range):
                upstreamBodyCount += UInt64(range.count)
                if stripsChunks {
                    let memory = core.upstreamRead.baseAddress!
                    memmove(memory + target, memory + start + range.lowerBound, Int(range.count))
                    target += Int(range.count)
                }
            case .trailers(let range):
                if stripsChunks, let connection { buffers.append(bytes[range], to: &connection.trailers) }
            case .needsMore:
                to = stripsChunks ? target : end
                return false
            case .end:
                to = stripsChunks ? target : start + offset
                remainingResponse = UInt64(start + offset)
                return true
            case .failed: return nil
            }
        }
    }

    /// Puts the size in front of the data and the line end behind it.
    private func encodeChunk(_ from: inout Int, _ to: inout Int) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { memory in
            var writer = ByteWriter(memory)
            writer.append(hexadecimal: UInt64(to - from))
            writer.appendLineEnd()
            from -= writer.count
            UnsafeMutableRawBufferPointer(rebasing: core.upstreamRead[from...]).copyMemory(from: writer.written)
        }
        core.upstreamRead[to] = UInt8(ascii: "\r")
        core.upstreamRead[to + 1] = UInt8(ascii: "\n")
        to += 2
    }

    /// The response is over, as it should be or not.
    func endResponse(isComplete: Bool) {
        guard let downstream else { return }
        if isComplete, let compressor = extras?.compressor {
            // Its end came with the end of the connection: what is left inside goes out, and this is called again.
            let end = WorkerCore.headroom
            return relayCompressed(end, end, isOver: true, headCount: 0, by: compressor, for: downstream)
        }
        if isComplete, encodesChunks, !endChunks(downstream) { return }
        if isComplete, downstream.isStream, let connection, !connection.trailers.isEmpty {
            if held != nil {
                holdTrailers(of: connection)
            } else {
                downstream.finish(trailers: connection.trailers.bytes)
            }
        }
        let isReusable =
            isComplete && upstreamIsReusable && requestIsSent && responseFraming != .untilClose
            && responsePhase == .body
        if let connection {
            note(connection.endpoint, status: status)
            self.connection = nil
            connection.release(isReusable: isReusable)
        }
        if let held, !held.isEmpty { return end(held, isComplete: isComplete) }
        handOver(isComplete: isComplete, to: downstream)
    }

    /// All of the response that there is was written.
    func handOver(isComplete: Bool, to downstream: Downstream) {
        if !isComplete {
            downstream.exchange = nil
            finish()
            downstream.close()
            return
        }
        finish()
        downstream.finishResponse()
    }

    /// Writes the last chunk and the trailers.
    /// - Returns: false where the client is gone.
    private func endChunks(_ downstream: Downstream) -> Bool {
        var writer = ByteWriter(core.scratch)
        writer.append("0\r\n")
        if takesTrailers, let connection { writer.append(connection.trailers.bytes) }
        writer.appendLineEnd()
        responseCount += UInt64(writer.count)
        return pass(writer.written, to: downstream)
    }

    /// The client has taken what waited.
    func downstreamDrained() {
        if held != nil { return releaseHeld() }
        guard let connection, connection.state == .active else { return }
        resumeReading()
        if let downstream, downstream.state == .tunnel { pumpDownstream() }
    }

    /// There is room for more of the response.
    func resumeReading() {
        guard let connection, connection.state == .active else { return }
        loop.setDeadline(connection, after: policy.readTimeoutMilliseconds)
        if connection.mayRead { readResponse(from: connection) }
    }
}
