import EventLoop
import HTTPCore

/// Taking the request's body: collected before an upstream is chosen, or passed on as it comes.
extension Exchange {
    /// Streamed bytes that may wait for the upstream before the client has to wait.
    private static let streamBound = 64 << 10
    /// Reads of one connection per turn.
    private static let readBudget = 8

    /// Begins with the bytes that came behind the head.
    /// - Returns: how many of them are the body's.
    func beginBody(_ rest: UnsafeRawBufferPointer, _ request: RequestHead) -> Int {
        switch framing {
        case .none, .untilClose:
            startAttempt()
            return 0
        case .length(let count):
            if policy.maximumBodyBytes != 0, count > policy.maximumBodyBytes {
                refuseBody()
                return 0
            }
            remainingBody = count
        case .chunked: chunks = ChunkedDecoder()
        }
        hasWholeBody = false
        sendsPlainBody = policy.backendProtocol.isGRPC
        // A call may wait for an answer to its first message before it sends the second; a FastCGI application and a server of
        // HTTP/1.0 are told the length of a body beforehand.
        let needsLength = policy.backendProtocol == .fastCGI || policy.usesHTTP10Upstream
        let isOfUnknownLength = framing == .chunked && needsLength
        streamsBody = (!policy.buffersRequests || sendsPlainBody) && !isOfUnknownLength
        // Rules see a body before the endpoint does. Calls go on as they come, and their messages are not shown.
        if let firewall = extras?.firewall, firewall.rules.inspectsBodies, !sendsPlainBody { streamsBody = false }
        downstream?.state = .readingBody
        var used = 0
        guard takeBody(rest, used: &used) else { return used }
        if !hasWholeBody {
            if request.expectsContinue, rest.isEmpty, !isHTTP10 { sendContinue() }
            guard let downstream, downstream.state == .readingBody else { return used }
            loop.setDeadline(downstream, after: tables.globals.clientBodyTimeoutMilliseconds)
        }
        if streamsBody || hasWholeBody { startAttempt() }
        return used
    }

    private func sendContinue() {
        var writer = ByteWriter(core.scratch)
        writer.append("HTTP/1.1 100 Continue\r\n\r\n")
        _ = downstream?.write(writer.written, headCount: writer.count)
    }

    private func refuseBody() {
        core.counters.bodiesTooLarge += 1
        answer(status: 413)
    }

    /// Reads the body from the client until it is whole, nothing comes, or enough of it waits.
    func readBody() {
        guard let downstream, !hasWholeBody else { return }
        var budget = Self.readBudget
        while downstream.flags.contains(.mayRead), downstream.state == .readingBody {
            if streamsBody, body.memory.count >= Self.streamBound { return }
            if budget == 0 { return loop.runAgain(downstream) }
            budget -= 1
            let memory = core.downstreamRead
            switch downstream.receive(into: memory) {
            case .bytes(let count):
                loop.setDeadline(downstream, after: tables.globals.clientBodyTimeoutMilliseconds)
                let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
                var used = 0
                guard takeBody(bytes, used: &used) else { return }
                if used < count {
                    buffers.append(UnsafeRawBufferPointer(rebasing: bytes[used...]), to: &downstream.input)
                }
                if streamsBody { sendRequest() } else if hasWholeBody { startAttempt() }
                // The exchange may be over by now, and this object another one's.
                guard self.downstream === downstream else { return }
            case .wouldBlock: return
            case .ended where downstream.isStream: return streamEnded()
            case .ended, .failed: return downstream.close()
            }
        }
    }

    /// A stream's body has no framing of its own: its end says that it is whole.
    private func streamEnded() {
        guard framing == .chunked else { return downstream?.close() ?? () }
        if streamsBody, !sendsPlainBody { append("0\r\n\r\n") }
        bodyIsWhole()
        if streamsBody { sendRequest() } else { startAttempt() }
    }

    /// Takes what belongs to the body from `bytes`.
    /// - Returns: false where the exchange ended over it.
    private func takeBody(_ bytes: UnsafeRawBufferPointer, used: inout Int) -> Bool {
        if case .chunked = framing {
            guard let downstream, downstream.isStream else { return takeChunks(bytes, used: &used) }
            used = bytes.count
            return bytes.isEmpty || keepBody(bytes)
        }
        let count = Int(min(UInt64(bytes.count), remainingBody))
        used = count
        remainingBody -= UInt64(count)
        if count > 0, !keepBody(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { return false }
        if remainingBody == 0 { bodyIsWhole() }
        return true
    }

    private func takeChunks(_ bytes: UnsafeRawBufferPointer, used: inout Int) -> Bool {
        while true {
            switch chunks.next(bytes, from: &used) {
            case .data(let range):
                guard keepBody(bytes[range]) else { return false }
            case .trailers(let range): keepTrailers(bytes[range])
            case .needsMore: return true
            case .end:
                if streamsBody, !sendsPlainBody { append("0\r\n\r\n") }
                bodyIsWhole()
                return true
            case .failed:
                core.counters.malformedRequests += 1
                answer(status: 400)
                return false
            }
        }
    }

    /// Trailers of requests go to HTTP/2 endpoints alone, and not behind a body that was collected: an HTTP/1.1
    /// application that does not expect any might take them for the next request.
    func keepTrailers(_ lines: UnsafeRawBufferPointer) {
        if sendsPlainBody { buffers.append(lines, to: &requestTrailers) }
    }

    private func bodyIsWhole() {
        hasWholeBody = true
        guard let downstream, downstream.state == .readingBody else { return }
        downstream.state = .waiting
        loop.setDeadline(downstream, at: .max)
    }

    private func keepBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        receivedBody += UInt64(bytes.count)
        if policy.maximumBodyBytes != 0, receivedBody > policy.maximumBodyBytes {
            refuseBody()
            return false
        }
        if streamsBody {
            if case .chunked = framing, !sendsPlainBody {
                appendChunk(bytes)
            } else {
                buffers.append(bytes, to: &body.memory)
            }
            return true
        }
        let wasInFile = body.isInFile
        let isKept = body.append(
            bytes, bound: Int(policy.bodyBufferBytes), buffers: buffers, directory: core.temporaryDirectory)
        if body.isInFile, !wasInFile { core.counters.bodiesSpilled += 1 }
        if !isKept { answer(status: 500) }
        return isKept
    }

    private func appendChunk(_ bytes: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { memory in
            var writer = ByteWriter(memory)
            writer.append(hexadecimal: UInt64(bytes.count))
            writer.appendLineEnd()
            buffers.append(writer.written, to: &body.memory)
        }
        buffers.append(bytes, to: &body.memory)
        append("\r\n")
    }

    private func append(_ text: StaticString) {
        buffers.append(
            UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), to: &body.memory)
    }
}
